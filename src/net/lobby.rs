//! The lobby: connections whose clients have not proved yet who they are.
//!
//! All listeners of a device share one, whatever a connection does in it: nothing, half of a handshake, a whole one and
//! no word after it. Its seats are limited, its clients are not: whoever has proved itself leaves the lobby. When every
//! seat is taken, the address that holds the most loses its oldest connection. An honest client needs its seat for
//! milliseconds, so that a crowd pushes only itself out, also where honest clients share the crowd's address (all
//! processes of a machine do).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// A limited number of seats; cheap to clone, and clones share the seats.
#[derive(Debug, Clone)]
pub struct Lobby(Arc<Mutex<Seats>>);

#[derive(Debug)]
struct Seats {
    most: usize,
    last: u64,
    taken: BTreeMap<u64, (IpAddr, Arc<Notify>)>,
    /// The same seats; within an address the oldest first.
    of_address: HashMap<IpAddr, BTreeSet<u64>>,
}

/// The seat of one connection, free again when dropped.
#[derive(Debug)]
pub struct Seat {
    lobby: Lobby,
    number: u64,
    needed: Arc<Notify>,
}

impl Lobby {
    /// Makes a lobby with so many seats; there is always one.
    pub fn new(seats: usize) -> Self {
        let most = seats.max(1);
        Self(Arc::new(Mutex::new(Seats { most, last: 0, taken: BTreeMap::new(), of_address: HashMap::new() })))
    }

    /// Takes a seat for a connection from `address`, pushing another connection out if there is no free one.
    pub fn enter(&self, address: IpAddr) -> Seat {
        let mut seats = self.seats();
        if seats.taken.len() >= seats.most {
            seats.push_one_out();
        }
        seats.last += 1;
        let (number, needed) = (seats.last, Arc::<Notify>::default());
        seats.taken.insert(number, (address, Arc::clone(&needed)));
        seats.of_address.entry(address).or_default().insert(number);
        drop(seats);
        Seat { lobby: self.clone(), number, needed }
    }

    /// Ends one connection, if there is one; for when the system has no descriptor left for a new one.
    pub fn push_one_out(&self) {
        self.seats().push_one_out();
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        // No code below can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seats {
    fn push_one_out(&mut self) {
        let fullest = self.of_address.values().max_by_key(|seats| seats.len());
        if let Some(oldest) = fullest.and_then(|seats| seats.first().copied())
            && let Some(needed) = self.free(oldest)
        {
            needed.notify_one();
        }
    }

    fn free(&mut self, number: u64) -> Option<Arc<Notify>> {
        let (address, needed) = self.taken.remove(&number)?;
        if let Some(seats) = self.of_address.get_mut(&address) {
            seats.remove(&number);
            if seats.is_empty() {
                self.of_address.remove(&address);
            }
        }
        Some(needed)
    }
}

impl Seat {
    /// Returns when the seat is needed for another connection: this one has to end. Never after [`Seat::leave`].
    pub async fn needed(&self) {
        self.needed.notified().await;
    }

    /// Does `work` unless the seat is needed before it is done.
    pub async fn hold<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.needed() => None,
        }
    }

    /// Frees the seat and keeps the connection: its client has shown who it is.
    pub fn leave(&self) {
        self.lobby.seats().free(self.number);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const CROWD: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

    fn is_needed(seat: &Seat) -> bool {
        seat.needed().now_or_never().is_some()
    }

    #[test]
    fn the_fullest_address_loses_its_oldest_connection() {
        let lobby = Lobby::new(3);
        let other = lobby.enter(OTHER);
        let crowd = [(); 2].map(|()| lobby.enter(CROWD));
        let newest = lobby.enter(OTHER);
        assert_eq!([&other, &crowd[0], &crowd[1], &newest].map(is_needed), [false, true, false, false]);
    }

    #[test]
    fn who_has_left_or_gone_makes_room_and_is_never_pushed_out() {
        let lobby = Lobby::new(2);
        let proved = lobby.enter(CROWD);
        proved.leave();
        drop(lobby.enter(CROWD));
        let seated = [(); 2].map(|()| lobby.enter(CROWD));
        assert_eq!([&proved, &seated[0], &seated[1]].map(is_needed), [false; 3]);
        lobby.push_one_out();
        assert_eq!([&proved, &seated[0], &seated[1]].map(is_needed), [false, true, false]);
        lobby.push_one_out();
        lobby.push_one_out();
        assert!(lobby.seats().of_address.is_empty(), "nothing of them is kept");
    }
}
