//! The certificates that docker has for a registry: CAs in `*.crt`, and one for clients in `*.cert` with its `*.key`.

use std::path::{Path, PathBuf};

use crate::net::Trust;

const FOLDER: &str = "/etc/docker/certs.d";

/// Reads what is there for a registry; what cannot be read is left out, and the registry says what it lacks.
pub(super) async fn load(host: &str) -> Trust {
    load_from(&Path::new(FOLDER).join(host)).await
}

async fn load_from(folder: &Path) -> Trust {
    let mut trust = Trust::default();
    for path in files_in(folder).await {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("crt") => {
                trust.roots.extend(tokio::fs::read(&path).await.unwrap_or_default());
                // The file before may end within its last line.
                trust.roots.push(b'\n');
            }
            Some("cert") if trust.client.is_none() => {
                let (chain, key) = (tokio::fs::read(&path).await, tokio::fs::read(path.with_extension("key")).await);
                trust.client = chain.ok().zip(key.ok());
            }
            _ => {}
        }
    }
    trust
}

/// In the order of their names, as docker reads them.
async fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(mut entries) = tokio::fs::read_dir(folder).await else { return files };
    while let Ok(Some(entry)) = entries.next_entry().await {
        files.push(entry.path());
    }
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_files_are_those_that_docker_reads() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for name in ["b.crt", "a.crt", "client.key", "client.cert", "other.pem", "z.cert"] {
            std::fs::write(folder.path().join(name), name).expect("it can be written");
        }
        let trust = load_from(folder.path()).await;
        assert_eq!(trust.roots, b"a.crt\nb.crt\n");
        assert_eq!(trust.client, Some((b"client.cert".to_vec(), b"client.key".to_vec())));
        let nothing = load_from(&folder.path().join("none")).await;
        assert!(nothing.roots.is_empty() && nothing.client.is_none());
    }
}
