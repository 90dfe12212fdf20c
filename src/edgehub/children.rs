//! The devices that connect through this one: what the cloud tells of them is kept, so that they are let in offline and
//! after a restart too (protocol.md §9.4).

use super::access::KnownIdentity;
use super::hub::EdgeHub;
use super::vocabulary::{Output, ToCloud};
use crate::clock::Now;

impl EdgeHub {
    /// Asks the cloud for all children.
    pub(super) fn ask_scope(&mut self) {
        self.out.push_back(Output::Cloud(ToCloud::GetScope));
    }

    /// Takes all children there are. Whoever is none any more, is disabled or has other keys loses its connection.
    pub(super) fn handle_scope(&mut self, now: Now, children: Vec<KnownIdentity>) {
        if self.access.children().eq(children.iter()) {
            return;
        }
        for before in self.access.replace_children(children) {
            let identity = &before.identity;
            if let Some(connection) = self.clients.connection(identity) {
                self.close(now, connection, "it was removed, disabled or given other credentials");
            }
            if !self.access.is_there(&before) {
                self.forget_client(identity);
                self.forget_twin(identity);
            }
        }
        let children: Vec<&KnownIdentity> = self.access.children().collect();
        self.save("scope", serde_json::json!(children));
    }
}
