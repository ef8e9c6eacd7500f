//! Pipes, sockets, locks of files, terminals, queues, several descriptors at once.

use super::situation::all_are_answered;

#[test]
fn files() {
    all_are_answered("hang-files");
}
