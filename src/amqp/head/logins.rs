//! Who is who on a connection: credentials, and the hub's word on them.

use bytes::Bytes;

use super::{Bound, CLIENTS, Head, Notice, Output, Speaker};
use crate::amqp::cbs;
use crate::amqp::client::{Asker, Client, Question};
use crate::amqp::condition::Condition;
use crate::amqp::link::{LinkId, Parcel};
use crate::amqp::sasl::Login;
use crate::clock::Now;
use crate::edgehub::{Credential, Refusal, Request};

impl Head {
    /// Asks the hub to let a client in, or, if it is in, whether its newer credential is good.
    pub(super) fn authenticate(&mut self, login: Login, asker: Asker) {
        if let Some((speaker, client)) = self.clients.iter_mut().find(|(_, known)| known.identity == login.identity) {
            let (speaker, is_in) = (*speaker, client.is_in);
            client.questions.push_back(Question { asker, credential: login.credential.clone() });
            if is_in {
                self.request(speaker, Request::Renew { credential: login.credential });
            }
            return;
        }
        if self.clients.len() >= CLIENTS {
            return self.answer(asker, Err(format!("there are {CLIENTS} identities on this connection already")));
        }
        self.last_speaker += 1;
        let speaker = Speaker(self.last_speaker);
        self.clients.insert(speaker, Client::new(&login, asker));
        self.outputs.push_back(Output::Connect { speaker, login: Box::new(login) });
    }

    /// Keeps the token of an edge hub until a link says for whom it speaks; who is in by an older one shows this.
    ///
    /// It is proved no sooner: the same hub may have a connection for each of those, and be itself on another.
    pub(super) fn lend(&mut self, login: Login) -> Result<(), String> {
        let Credential::Sas(token) = login.credential else { return Ok(()) };
        if self.lent.len() >= CLIENTS && !self.lent.contains_key(&login.identity) {
            return Err(format!("there are {CLIENTS} tokens on this connection already"));
        }
        let mut renewed = Vec::new();
        for client in self.clients.values() {
            let credential = match &client.credential {
                Credential::OnBehalf { chain, .. } if chain.actor == login.identity.device => {
                    Credential::OnBehalf { chain: chain.clone(), token: token.clone() }
                }
                Credential::Sas(_) if client.identity == login.identity => Credential::Sas(token.clone()),
                _ => continue,
            };
            renewed.push(Login { identity: client.identity.clone(), credential });
        }
        self.lent.insert(login.identity, token);
        renewed.into_iter().for_each(|login| self.authenticate(login, Asker::Link));
        Ok(())
    }

    /// Lets a client in.
    pub fn connected(&mut self, now: Now, speaker: Speaker) {
        self.connection.handle_time(now);
        let Some(client) = self.clients.get_mut(&speaker).filter(|client| !client.is_in) else { return };
        client.is_in = true;
        self.login_until = None;
        let first = client.questions.pop_front();
        let newer: Vec<_> = client.questions.iter().map(|question| question.credential.clone()).collect();
        let waiting = std::mem::take(&mut client.waiting);
        for credential in newer {
            self.request(speaker, Request::Renew { credential });
        }
        if let Some(question) = first {
            self.answer(question.asker, Ok(()));
        }
        for (link, wanted, purpose) in waiting {
            self.attach(speaker, link, &wanted, purpose);
        }
        self.work();
    }

    /// Does not let a client in.
    pub fn refused(&mut self, now: Now, speaker: Speaker, refusal: &Refusal) {
        self.connection.handle_time(now);
        let Some(client) = self.clients.remove(&speaker) else { return };
        let (condition, reason) = match refusal {
            Refusal::NotAuthorized(reason) => (Condition::Unauthorized, reason.clone()),
            Refusal::TooManyClients(_) => (Condition::TooMuch, refusal.to_string()),
        };
        for (link, ..) in client.waiting {
            self.connection.detach(link, &condition.because(&reason));
        }
        for question in client.questions {
            self.answer(question.asker, Err(reason.clone()));
        }
        self.outputs.push_back(Output::Left { speaker, why: reason });
    }

    pub(super) fn handle_renewed(&mut self, speaker: Speaker, result: Result<(), Refusal>) {
        let Some(client) = self.clients.get_mut(&speaker) else { return };
        let Some(question) = client.questions.pop_front() else { return };
        let result = result.map_err(|refusal| refusal.to_string());
        match &result {
            Ok(()) => client.credential = question.credential,
            Err(reason) => self.notice(speaker, Notice::NotRenewed(reason.clone())),
        }
        self.answer(question.asker, result);
    }

    /// Tells the client the hub's word on a credential.
    pub(super) fn answer(&mut self, asker: Asker, result: Result<(), String>) {
        match asker {
            Asker::Sasl => self.connection.decide(result),
            Asker::Token { channel, id } => match result {
                Ok(()) => self.answer_token(channel, cbs::answer(id, 200, "OK")),
                Err(reason) => self.answer_token(channel, cbs::answer(id, 401, &reason)),
            },
            Asker::Link => {}
        }
    }

    /// Sends an answer of `$cbs` in the session where the request came, or else wherever answers are awaited.
    pub(super) fn answer_token(&mut self, channel: u16, payload: Bytes) {
        let mut links = self.links.iter().filter(|(_, bound)| **bound == Bound::TokenAnswers).map(|(link, _)| *link);
        let any = links.clone().next();
        if let Some(link) = links.find(|link| link.channel == channel).or(any) {
            self.connection.send(link, Parcel { key: None, tag: [0; 16], payload });
        }
    }

    /// Ends what one client has here, since the hub says so: the connection, if nobody else is on it.
    pub fn dismiss(&mut self, now: Now, speaker: Speaker, reason: &str) {
        self.connection.handle_time(now);
        if self.clients.remove(&speaker).is_none() {
            return;
        }
        self.outputs.push_back(Output::Left { speaker, why: reason.to_owned() });
        if self.clients.is_empty() {
            return self.close(reason);
        }
        let is_own = |bound: &Bound| matches!(bound, Bound::Own(owner, _) if *owner == speaker);
        let own: Vec<LinkId> = self.links.iter().filter(|(_, bound)| is_own(bound)).map(|(link, _)| *link).collect();
        for link in own {
            self.connection.detach(link, &Condition::Stolen.because(reason));
            self.forget_link(link);
        }
    }
}
