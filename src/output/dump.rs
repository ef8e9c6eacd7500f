//! What follows a line: data in hexadecimal and as text, and stacks.

use super::text::append;
use crate::decode::Piece;
use crate::unwind::Frame;

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

/// Appends the functions of a stack.
pub fn stack(out: &mut Vec<u8>, frames: &[Frame]) {
    for frame in frames {
        match frame {
            Frame::Known { file, symbol: Some((name, at)), offset } => {
                append(out, format_args!(" > {}({name}+{at:#x}) [{offset:#x}]\n", file.display()));
            }
            Frame::Known { file, symbol: None, offset } => {
                append(out, format_args!(" > {}() [{offset:#x}]\n", file.display()));
            }
            Frame::Unknown(address) => append(out, format_args!(" > unexpected_backtracing_error [{address:#x}]\n")),
            Frame::More => out.extend_from_slice(b" > too many stack frames\n"),
        }
    }
}
