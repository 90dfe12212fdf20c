//! A ZIP archive in memory: packed files, one after another, and their directory. Reads none.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// 1980-01-01, the first day that the format knows: when a file was written is in the archive's name.
const DATE: u16 = 0x0021;
/// The version of the format that knows packed files.
const VERSION: u16 = 20;
/// Names are UTF-8.
const FLAGS: u16 = 0x0800;
const DEFLATED: u16 = 8;

/// Packs files, each a path with its content; `None` if they are too much for the format, which ends at 4 GiB.
pub(super) fn zip(files: &[(String, Vec<u8>)]) -> Option<Vec<u8>> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (path, content) in files {
        let start = u32::try_from(archive.len()).ok()?;
        let packed = deflate(content);
        let header = header(path, content, &packed)?;
        archive.extend(0x0403_4b50_u32.to_le_bytes());
        archive.extend(&header);
        archive.extend(path.as_bytes());
        archive.extend(packed);
        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(VERSION.to_le_bytes());
        directory.extend(&header);
        // No comment, the first disk, no attributes.
        directory.extend([0; 10]);
        directory.extend(start.to_le_bytes());
        directory.extend(path.as_bytes());
    }
    let (start, length) = (u32::try_from(archive.len()).ok()?, u32::try_from(directory.len()).ok()?);
    let count = u16::try_from(files.len()).ok()?.to_le_bytes();
    archive.extend(directory);
    archive.extend(0x0605_4b50_u32.to_le_bytes());
    archive.extend([0; 4]);
    archive.extend([count, count].concat());
    archive.extend(length.to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend([0; 2]);
    Some(archive)
}

/// Writes what stands before a file and in the directory alike.
fn header(path: &str, content: &[u8], packed: &[u8]) -> Option<Vec<u8>> {
    let mut sum = Crc::new();
    sum.update(content);
    let mut header = Vec::with_capacity(26);
    for number in [VERSION, FLAGS, DEFLATED, 0, DATE] {
        header.extend(number.to_le_bytes());
    }
    header.extend(sum.sum().to_le_bytes());
    header.extend(u32::try_from(packed.len()).ok()?.to_le_bytes());
    header.extend(u32::try_from(content.len()).ok()?.to_le_bytes());
    header.extend(u16::try_from(path.len()).ok()?.to_le_bytes());
    header.extend([0; 2]);
    Some(header)
}

fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // A `Vec` takes everything.
    let written = encoder.write_all(content);
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn number(bytes: &[u8]) -> usize {
        bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
    }

    /// Reads an archive by its directory, as unzipping programs do.
    fn unzip(archive: &[u8]) -> Vec<(String, String)> {
        let end = &archive[archive.len() - 22..];
        assert_eq!(end[..4], *b"PK\x05\x06");
        let mut entry = &archive[number(&end[16..20])..];
        let mut files = Vec::new();
        for _ in 0..number(&end[10..12]) {
            assert_eq!(entry[..4], *b"PK\x01\x02");
            let (packed, length, path) = (number(&entry[20..24]), number(&entry[24..28]), number(&entry[28..30]));
            let local = &archive[number(&entry[42..46])..];
            assert_eq!((&local[..4], &local[4..30]), (&b"PK\x03\x04"[..], &entry[6..32]));
            let mut content = String::new();
            let mut content_of = flate2::read::DeflateDecoder::new(&local[30 + path..30 + path + packed]);
            content_of.read_to_string(&mut content).expect("it was packed");
            let mut sum = Crc::new();
            sum.update(content.as_bytes());
            assert_eq!((content.len(), sum.sum() as usize), (length, number(&entry[16..20])));
            files.push((String::from_utf8(entry[46..46 + path].to_vec()).expect("a path"), content));
            entry = &entry[46 + path..];
        }
        files
    }

    #[test]
    fn files_are_found_by_the_directory() {
        let files = [("logs/a.txt", "line\n".repeat(1000)), ("é.json", "{}".to_owned()), ("empty", String::new())];
        let files = files.map(|(path, content)| (path.to_owned(), content));
        let bytes: Vec<_> = files.iter().map(|(path, content)| (path.clone(), content.clone().into_bytes())).collect();
        let archive = zip(&bytes).expect("it is small");
        assert!(archive.len() < 600, "{} bytes", archive.len());
        assert_eq!(unzip(&archive), files);
        assert_eq!(unzip(&zip(&[]).expect("it is small")), []);
    }
}
