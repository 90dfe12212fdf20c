//! Deployment templates and manifests: expansion, checks, the typed deployment.
