//! What follows a line: data in hexadecimal and as text.

use super::text::append;
use decode::Piece;

/// Bytes in a line.
const WIDTH: usize = 16;

/// Appends the lines of a piece of data.
pub fn data(out: &mut Vec<u8>, piece: Piece<'_>) {
    match piece {
        Piece::Message { buffers, index } => append(out, format_args!(" = {buffers} buffers in vector {index}\n")),
        Piece::Buffer { len, index } => append(out, format_args!(" * {len} bytes in buffer {index}\n")),
        Piece::Data { offset, bytes } => {
            for (row, line) in bytes.chunks(WIDTH).enumerate() {
                append(out, format_args!(" | {:05x} ", offset + (row * WIDTH) as u64));
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
