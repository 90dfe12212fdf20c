//! How many bytes an encoded value takes, found without decoding it.
//!
//! Everything a peer sends is measured before the codec sees it: the codec recurses as deep as the bytes say and
//! believes their counts. What passes here is nested at most [`DEPTH`] deep and holds no count that its bytes do not
//! bear out.

/// How deep lists, maps, arrays and descriptors may be nested; the deepest that AMQP itself makes is 6.
const DEPTH: usize = 16;
/// Elements of an array whose elements take no bytes, such as `true`.
const WEIGHTLESS: usize = 256;

/// Why bytes are no AMQP value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAValue {
    /// It ends before it should.
    #[error("a value breaks off")]
    Short,
    /// A type that AMQP does not have.
    #[error("0x{0:02x} is no type of AMQP 1.0")]
    Type(u8),
    /// It is nested too deep.
    #[error("a value is nested deeper than {DEPTH} levels")]
    TooDeep,
    /// Its count and its size cannot both be right.
    #[error("a list, map or array has a wrong count")]
    Count,
}

/// Returns the number of bytes of the value that `bytes` begins with.
pub(super) fn value_length(bytes: &[u8]) -> Result<usize, NotAValue> {
    let mut cursor = Cursor { bytes, position: 0 };
    cursor.value(DEPTH)?;
    Ok(cursor.position)
}

/// Returns the code of the descriptor that `bytes` begins with, and where the described value begins.
///
/// A descriptor that is a symbol and not a number has no code, here as in all SDKs.
pub(super) fn descriptor(bytes: &[u8]) -> Result<(Option<u64>, usize), NotAValue> {
    let &[0x00, kind, ..] = bytes else { return Err(bytes.first().map_or(NotAValue::Short, |b| NotAValue::Type(*b))) };
    let length = value_length(&bytes[1..])?;
    let number = &bytes[2..=length];
    let code = matches!(kind, 0x44 | 0x53 | 0x80).then(|| number.iter().fold(0, |code, b| code << 8 | u64::from(*b)));
    Ok((code, 1 + length))
}

struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Cursor<'_> {
    fn skip(&mut self, count: usize) -> Result<(), NotAValue> {
        let end = self.position.checked_add(count).filter(|end| *end <= self.bytes.len());
        self.position = end.ok_or(NotAValue::Short)?;
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, NotAValue> {
        let byte = *self.bytes.get(self.position).ok_or(NotAValue::Short)?;
        self.position += 1;
        Ok(byte)
    }

    /// Reads a size or a count, of one byte or of four.
    fn number(&mut self, is_wide: bool) -> Result<usize, NotAValue> {
        let width = if is_wide { 4 } else { 1 };
        let start = self.position;
        self.skip(width)?;
        Ok(self.bytes[start..self.position].iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn value(&mut self, depth: usize) -> Result<(), NotAValue> {
        let kind = self.byte()?;
        self.body(kind, depth)
    }

    /// Passes over a value after its type.
    fn body(&mut self, kind: u8, depth: usize) -> Result<(), NotAValue> {
        match kind {
            0x00 => {
                let depth = depth.checked_sub(1).ok_or(NotAValue::TooDeep)?;
                self.value(depth)?;
                self.value(depth)
            }
            0xc0 | 0xc1 | 0xd0 | 0xd1 => self.compound(kind >= 0xd0, depth),
            0xe0 | 0xf0 => self.array(kind == 0xf0, depth),
            _ => {
                let size = match kind {
                    0xa0 | 0xa1 | 0xa3 => self.number(false)?,
                    0xb0 | 0xb1 | 0xb3 => self.number(true)?,
                    _ => fixed_width(kind).ok_or(NotAValue::Type(kind))?,
                };
                self.skip(size)
            }
        }
    }

    /// Passes over a list or map: size, count, and as many values as the count says, in as many bytes as the size says.
    fn compound(&mut self, is_wide: bool, depth: usize) -> Result<(), NotAValue> {
        let depth = depth.checked_sub(1).ok_or(NotAValue::TooDeep)?;
        let end = self.end(is_wide)?;
        for _ in 0..self.number(is_wide)? {
            if self.position >= end {
                return Err(NotAValue::Count);
            }
            self.value(depth)?;
        }
        self.is_at(end)
    }

    /// Passes over an array: size, count, one type, and as many values of it without their type.
    fn array(&mut self, is_wide: bool, depth: usize) -> Result<(), NotAValue> {
        let depth = depth.checked_sub(1).ok_or(NotAValue::TooDeep)?;
        let end = self.end(is_wide)?;
        let count = self.number(is_wide)?;
        let mut kind = self.byte()?;
        if kind == 0x00 {
            self.value(depth)?;
            kind = self.byte()?;
        }
        if kind == 0x00 || count > (end.saturating_sub(self.position)).max(WEIGHTLESS) {
            return Err(NotAValue::Count);
        }
        for _ in 0..count {
            self.body(kind, depth)?;
        }
        self.is_at(end)
    }

    fn end(&mut self, is_wide: bool) -> Result<usize, NotAValue> {
        let size = self.number(is_wide)?;
        let end = self.position.checked_add(size).filter(|end| *end <= self.bytes.len());
        end.ok_or(NotAValue::Short)
    }

    fn is_at(&self, end: usize) -> Result<(), NotAValue> {
        if self.position == end { Ok(()) } else { Err(NotAValue::Count) }
    }
}

/// Returns the bytes after the type of a value whose type tells them.
fn fixed_width(kind: u8) -> Option<usize> {
    Some(match kind {
        0x40..=0x45 => 0,
        0x50..=0x56 => 1,
        0x60 | 0x61 => 2,
        0x70..=0x74 => 4,
        0x80..=0x84 => 8,
        0x94 | 0x98 => 16,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_is_measured() {
        let cases: [(&[u8], usize); 9] = [
            (&[0x40], 1),
            (&[0x41, 9], 1),
            (&[0x54, 0xff], 2),
            (&[0x80, 0, 0, 0, 0, 0, 0, 0, 1], 9),
            (&[0xa1, 2, b'h', b'i', 0x40], 4),
            (&[0xb0, 0, 0, 0, 1, 7], 6),
            (&[0xc0, 3, 2, 0x40, 0x41], 5),
            (&[0x00, 0x53, 0x24, 0x45], 4),
            (&[0xe0, 4, 1, 0xa3, 1, b'x'], 6),
        ];
        for (bytes, length) in cases {
            assert_eq!(value_length(bytes), Ok(length), "{bytes:02x?}");
        }
    }

    #[test]
    fn a_descriptor_tells_its_code_in_any_width() {
        assert_eq!(descriptor(&[0x00, 0x53, 0x75, 0xa0, 0]), Ok((Some(0x75), 3)));
        assert_eq!(descriptor(&[0x00, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x75, 0x40]), Ok((Some(0x75), 10)));
        assert_eq!(descriptor(&[0x00, 0xa3, 1, b'x', 0x40]), Ok((None, 4)));
        assert_eq!(descriptor(&[0x53, 0x75]), Err(NotAValue::Type(0x53)));
        assert_eq!(descriptor(&[0x00]), Err(NotAValue::Type(0x00)));
    }

    #[test]
    fn what_claims_more_than_it_holds_is_refused() {
        let cases: [(&[u8], NotAValue); 8] = [
            (&[], NotAValue::Short),
            (&[0xa1, 5, b'x'], NotAValue::Short),
            (&[0x3f], NotAValue::Type(0x3f)),
            (&[0xc0, 2, 200, 0x40], NotAValue::Count),
            (&[0xc0, 4, 1, 0x40, 0x40, 0x40], NotAValue::Count),
            (&[0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x40], NotAValue::Count),
            (&[0xd0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], NotAValue::Short),
            (&[0x00, 0x00, 0x00, 0x00], NotAValue::Short),
        ];
        for (bytes, error) in cases {
            assert_eq!(value_length(bytes), Err(error), "{bytes:02x?}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |levels: usize| {
            let mut bytes = vec![0x40];
            for _ in 0..levels {
                let mut outer = vec![0xd0];
                outer.extend(u32::try_from(bytes.len() + 4).expect("short").to_be_bytes());
                outer.extend([0, 0, 0, 1]);
                outer.append(&mut bytes);
                bytes = outer;
            }
            bytes
        };
        assert!(value_length(&nested(DEPTH)).is_ok());
        assert_eq!(value_length(&nested(DEPTH + 1)), Err(NotAValue::TooDeep));
    }
}
