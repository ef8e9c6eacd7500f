//! What follows a line: data in hexadecimal and as text.

use nix::unistd::Pid;

use super::text::append;
use decode::Piece;

/// Bytes in a line.
const WIDTH: usize = 16;

/// Digits of an offset at least.
const DIGITS: usize = 5;

/// Appends the lines of a piece of data of a thread.
pub fn data(out: &mut Vec<u8>, tid: Pid, piece: Piece<'_>) {
    match piece {
        Piece::Message { buffers, index } => append(out, format_args!(" = {buffers} buffers in vector {index}\n")),
        Piece::Buffer { len, index } => append(out, format_args!(" * {len} bytes in buffer {index}\n")),
        Piece::Missing { len, address } => {
            let bytes = if len == 1 { "byte" } else { "bytes" };
            append(out, format_args!(" | <Cannot fetch {len} {bytes} from pid {tid} @{address:#x}>\n"));
        }
        Piece::Data { offset, len, bytes } => {
            // As many as the last byte's offset has.
            let digits = DIGITS.max(((len.max(2) - 1).ilog2() / 4 + 1) as usize);
            for (row, line) in bytes.chunks(WIDTH).enumerate() {
                append(out, format_args!(" | {:0digits$x} ", offset + (row * WIDTH) as u64));
                for column in 0..WIDTH {
                    // The second half stands apart.
                    if column % 8 == 0 {
                        out.push(b' ');
                    }
                    match line.get(column) {
                        Some(byte) => append(out, format_args!("{byte:02x} ")),
                        None => out.extend_from_slice(b"   "),
                    }
                }
                out.push(b' ');
                let text = |column| {
                    line.get(column).map_or(b' ', |byte| if (b' '..=b'~').contains(byte) { *byte } else { b'.' })
                };
                out.extend((0..WIDTH).map(text));
                out.extend_from_slice(b" |\n");
            }
        }
    }
}
