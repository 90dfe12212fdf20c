//! The build context as a stream of tar. Owns `tar`.
//!
//! A thread reads the files and hands over pieces through a bounded channel, so that a context of any size takes
//! half a megabyte. The same files give the same bytes: sorted, owned by root, times in whole seconds, as `docker`
//! sends them. What is sent is hashed on its way: an archive of other files than those that the image's label tells of
//! gets no end, so that no engine builds from it.

use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::failure::{Failure, Kind, OrFail, Outcome};
use crate::image::{BuildContext, Content, ContentHash, ContextHash, Dockerfile, Entry, unreadable};

const PIECE: usize = 64 * 1024;
const PIECES_AHEAD: usize = 4;

/// Name of a Dockerfile that lies outside the context, beside the context's files.
pub(super) const OUTSIDE_NAME: &str = ".edgectl.Dockerfile";

type Piece = io::Result<Bytes>;

/// The thread that packs a context.
#[derive(Debug)]
pub(super) struct Packing {
    thread: JoinHandle<Outcome>,
    sent: Arc<AtomicU64>,
    has_changed: Arc<AtomicBool>,
}

/// Starts to pack a context; the stream ends with an error when a file cannot be read, or when the files are not those of
/// the `expected` hash.
pub(super) fn pack(context: BuildContext, expected: String) -> (impl Stream<Item = Piece> + Send + 'static, Packing) {
    let (pieces, mut receiver) = mpsc::channel(PIECES_AHEAD);
    let sent = Arc::new(AtomicU64::new(0));
    let counter = sent.clone();
    let has_changed = Arc::new(AtomicBool::new(false));
    let changed = Arc::clone(&has_changed);
    let thread = tokio::task::spawn_blocking(move || {
        let packed = write_archive(&context, &expected, Pipe::new(pieces.clone()));
        if !matches!(packed, Ok(Packed::Whole)) {
            changed.store(matches!(packed, Ok(Packed::Changed)), Ordering::Release);
            // The engine must not take a cut archive for a whole one.
            let _ = pieces.blocking_send(Err(io::ErrorKind::InvalidData.into()));
        }
        packed.map(drop)
    });
    let stream = stream::poll_fn(move |cx| {
        receiver.poll_recv(cx).map(|piece| {
            let bytes = piece.as_ref().and_then(|piece| piece.as_ref().ok()).map_or(0, Bytes::len);
            counter.fetch_add(bytes as u64, Ordering::Relaxed);
            piece
        })
    });
    (stream, Packing { thread, sent, has_changed })
}

impl Packing {
    /// Returns the bytes sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Says whether what ended the request is that the files were others.
    pub(super) fn has_changed(&self) -> bool {
        self.has_changed.load(Ordering::Acquire)
    }

    /// Returns why the context could not be read, if that is what ended the request.
    pub(super) async fn failure(self) -> Option<Failure> {
        // Without a reader the thread ends at its next piece.
        self.thread.await.or_fail(Kind::Bug, || "the thread that packs the build context ended early").flatten().err()
    }
}

/// How the packing of a context ended.
#[derive(Debug, PartialEq, Eq)]
enum Packed {
    /// Everything was handed over, or whoever took it has gone.
    Whole,
    /// The files are not those that were expected; the end is left open.
    Changed,
}

fn write_archive(context: &BuildContext, expected: &str, pipe: Pipe) -> Outcome<Packed> {
    match write_entries(context, expected, Builder::new(pipe)) {
        // Whoever dropped the stream knows why.
        Err(failure) if failure.kind() == Kind::ReaderGone => Ok(Packed::Whole),
        ended => ended,
    }
}

fn write_entries(context: &BuildContext, expected: &str, mut archive: Builder<Pipe>) -> Outcome<Packed> {
    let mut hash = ContextHash::new();
    context.walk(&mut |entry| {
        hash.add(&entry, &append(&mut archive, &entry)?);
        Ok(())
    })?;
    if let Dockerfile::Outside(path) = context.dockerfile() {
        hash.add_dockerfile(&append_outside(&mut archive, path)?);
    }
    if hash.finish() != expected {
        // Dropped, it would write the archive's end.
        archive.get_mut().close();
        return Ok(Packed::Changed);
    }
    let flushed = archive.into_inner().and_then(|mut pipe| pipe.flush());
    flushed.map_err(|error| told(Path::new("."), error))?;
    Ok(Packed::Whole)
}

fn append(archive: &mut Builder<Pipe>, entry: &Entry<'_>) -> Outcome<Content> {
    let kind = entry.metadata.file_type();
    let mut header = header_of(entry.metadata);
    let mut content = Content::Nothing;
    let written = if kind.is_dir() {
        header.set_entry_type(EntryType::Directory);
        archive.append_data(&mut header, entry.name, io::empty())
    } else if kind.is_symlink() {
        header.set_entry_type(EntryType::Symlink);
        let target = std::fs::read_link(entry.path).map_err(|error| unreadable(entry.path, error))?;
        content = Content::Link(target.clone());
        archive.append_link(&mut header, entry.name, target)
    } else if kind.is_fifo() {
        header.set_entry_type(EntryType::Fifo);
        archive.append_data(&mut header, entry.name, io::empty())
    } else if kind.is_file() {
        return append_file(archive, header, entry.path, entry.name);
    } else {
        // Sockets and devices mean nothing in an image; docker leaves sockets out as well.
        return Ok(content);
    };
    written.map_err(|error| told(entry.path, error))?;
    Ok(content)
}

fn append_outside(archive: &mut Builder<Pipe>, path: &Path) -> Outcome<Content> {
    let metadata = path.metadata().map_err(|error| unreadable(path, error))?;
    append_file(archive, header_of(&metadata), path, Path::new(OUTSIDE_NAME))
}

fn append_file(archive: &mut Builder<Pipe>, mut header: Header, path: &Path, name: &Path) -> Outcome<Content> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let size = file.metadata().map_err(|error| unreadable(path, error))?.len();
    header.set_entry_type(EntryType::Regular);
    header.set_size(size);
    let mut content = Exactly { file, left: size, hash: ContentHash::new() };
    archive.append_data(&mut header, name, &mut content).map_err(|error| told(path, error))?;
    Ok(content.hash.finish())
}

fn header_of(metadata: &Metadata) -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(metadata.mode() & 0o7777);
    header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or(0));
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}

fn told(path: &Path, error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(Kind::ReaderGone, "the request has ended"),
        _ => unreadable(path, error),
    }
}

/// The content of a file whose size is promised already.
struct Exactly {
    file: File,
    left: u64,
    hash: ContentHash,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.file.read(&mut buffer[..wanted])?;
        if read == 0 && wanted > 0 {
            return Err(io::Error::other("it became shorter while it was read"));
        }
        self.left -= read as u64;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

/// Cuts what is written into pieces and waits while the engine is slower.
struct Pipe {
    pieces: mpsc::Sender<Piece>,
    buffer: BytesMut,
    is_closed: bool,
}

impl Pipe {
    fn new(pieces: mpsc::Sender<Piece>) -> Self {
        Self { pieces, buffer: BytesMut::with_capacity(PIECE), is_closed: false }
    }

    /// Hands over no more.
    fn close(&mut self) {
        self.is_closed = true;
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == PIECE {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, BytesMut::with_capacity(PIECE)).freeze();
        self.pieces.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use futures_util::StreamExt;

    use super::*;
    use crate::image::{BuildPlan, IgnoreFile, Inputs, Reference};

    async fn packed(folder: &Path) -> Outcome<Vec<u8>> {
        let image = Reference::parse("a").expect("it is a reference");
        let plan = BuildPlan::new(image, folder, folder.join("Dockerfile"));
        let context = BuildContext::open(&plan, IgnoreFile::Ordinary)?;
        let (mut stream, packing) = pack(context, Inputs::read(&plan)?.context);
        let mut bytes = Vec::new();
        while let Some(Ok(piece)) = stream.next().await {
            bytes.extend_from_slice(&piece);
        }
        packing.failure().await.map_or(Ok(bytes), Err)
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\n").expect("it can be written");
        folder
    }

    #[tokio::test]
    async fn links_modes_and_long_names_arrive_as_they_are() {
        let folder = folder();
        let long = "l".repeat(200);
        let script = folder.path().join(&long);
        std::fs::write(&script, "#!").expect("it can be written");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("it can be set");
        symlink("nowhere/at all", folder.path().join("link")).expect("a link can be made");
        let bytes = packed(folder.path()).await.expect("it can be packed");
        let mut archive = tar::Archive::new(&bytes[..]);
        let entries = archive.entries().expect("it is an archive").map(|entry| {
            let entry = entry.expect("it is an entry");
            let link = entry.link_name().expect("it is a path").map(|path| path.display().to_string());
            let name = entry.path().expect("it is a path").display().to_string();
            (name, entry.header().mode().expect("it has a mode") & 0o111 != 0, link)
        });
        let entries: Vec<_> = entries.collect();
        let link = ("link".to_owned(), true, Some("nowhere/at all".to_owned()));
        assert_eq!(entries, [("Dockerfile".to_owned(), false, None), link, (long, true, None)]);
    }

    #[tokio::test]
    async fn a_path_may_be_longer_than_a_header_has_room_for() {
        let folder = folder();
        for length in [99, 100, 101, 255] {
            let parent = folder.path().join("d".repeat(length)).join("e".repeat(length));
            std::fs::create_dir_all(&parent).expect("it can be made");
            std::fs::write(parent.join("f"), "x").expect("it can be written");
        }
        let bytes = packed(folder.path()).await.expect("it can be packed");
        let mut archive = tar::Archive::new(&bytes[..]);
        let entries = archive.entries().expect("it is an archive").map(|entry| entry.expect("it is an entry"));
        let lengths: Vec<usize> = entries
            .filter(|entry| entry.header().entry_type().is_file())
            .map(|entry| entry.path_bytes().len())
            .collect();
        assert_eq!(lengths, ["Dockerfile".len(), 201, 203, 205, 513]);
    }

    #[tokio::test]
    async fn the_same_files_give_the_same_bytes() {
        let folder = folder();
        let first = packed(folder.path()).await.expect("it can be packed");
        assert_eq!(packed(folder.path()).await.expect("it can be packed"), first);
    }

    #[tokio::test]
    async fn files_that_changed_since_they_were_hashed_are_not_sent_to_the_end() {
        let changes: [fn(&Path); 4] = [
            |folder| std::fs::write(folder.join("Dockerfile"), "FROM scratcH\n").expect("it can be written"),
            |folder| std::fs::write(folder.join("new"), "").expect("it can be written"),
            |folder| symlink("elsewhere", folder.join("link")).expect("a link can be made"),
            |_| (),
        ];
        for (index, change) in changes.iter().enumerate() {
            let folder = folder();
            let image = Reference::parse("a").expect("it is a reference");
            let plan = BuildPlan::new(image, folder.path(), folder.path().join("Dockerfile"));
            let expected = Inputs::read(&plan).expect("it can be read").context;
            change(folder.path());
            let context = BuildContext::open(&plan, IgnoreFile::Ordinary).expect("it can be opened");
            let (stream, packing) = pack(context, expected);
            let pieces: Vec<Piece> = stream.collect().await;
            let is_changed = index != 3;
            assert_eq!((pieces.iter().any(Result::is_err), packing.has_changed()), (is_changed, is_changed), "{index}");
        }
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_named() {
        let folder = folder();
        let missing = folder.path().canonicalize().expect("it is there").join("a");
        std::fs::create_dir(&missing).expect("it can be made");
        let failure =
            append_file(&mut Builder::new(Pipe::new(mpsc::channel(1).0)), Header::new_gnu(), &missing, Path::new("a"));
        let failure = failure.expect_err("a folder has no content");
        assert_eq!(failure.message(), format!("cannot read `{}` for the build context", missing.display()));
    }

    #[test]
    fn a_request_that_ended_is_no_failure_of_the_context() {
        for size in [0, 64 << 20] {
            let folder = folder();
            let file = File::create(folder.path().join("file")).expect("it can be made");
            file.set_len(size).expect("a sparse file can be made");
            let image = Reference::parse("a").expect("it is a reference");
            let plan = BuildPlan::new(image, folder.path(), folder.path().join("Dockerfile"));
            let context = BuildContext::open(&plan, IgnoreFile::Ordinary).expect("it can be opened");
            let (pieces, receiver) = mpsc::channel(1);
            drop(receiver);
            let expected = Inputs::read(&plan).expect("it can be read").context;
            let packed = write_archive(&context, &expected, Pipe::new(pieces));
            assert_eq!(packed.expect("whoever went away knows why"), Packed::Whole);
        }
    }
}
