//! F5, F6: many actors that are linked.

use super::*;

// F5: a ring of links comes to rest, and the cause does not grow on the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ring_of_links_ends_and_names_the_first_cause() {
    let system = system();
    let ring: Vec<_> = (0..200).map(|_| task(&system).0).collect();
    for (place, actor) in ring.iter().enumerate() {
        let next = &ring[(place + 1) % ring.len()];
        done(actor, linking(&next.any())).await;
        // Chords, so that there are many ways round.
        let far = &ring[(place + 17) % ring.len()];
        done(actor, linking(&far.any())).await;
    }

    ring[50].send(fail("first")).await.unwrap();

    for (place, actor) in ring.iter().enumerate() {
        let expected = match place {
            50 => failed("first"),
            _ => linked("failed: first"),
        };
        assert_eq!(end(actor).await, expected);
    }
    assert_eq!(system.live_actors(), 0);
}

// F5, F6: of a random graph exactly those end that are connected with one that fails, through others that do not trap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_random_graph_exactly_the_connected_end() {
    let seed = Random::fresh_seed();
    let mut random = Random::seeded(seed);
    for round in 0..20 {
        let again = format!("round {round}; replay with PROMISES_SEED={seed}");
        let graph = Graph::random(&mut random);
        soon("the end of a graph", graph.play(&mut random, &again)).await;
    }
}

const NODES: usize = 100;

/// Who is linked with whom, and who traps exits.
struct Graph {
    links: Vec<(usize, usize)>,
    traps: Vec<bool>,
}

impl Graph {
    fn random(random: &mut Random) -> Self {
        let count = 60 + random.below(60);
        let mut node = || random.below(NODES as u64) as usize;
        let links = (0..count).map(|_| (node(), node())).collect();
        Graph {
            links,
            traps: (0..NODES).map(|_| random.below(5) == 0).collect(),
        }
    }

    /// Those that end when these are killed: a trapping one passes nothing on, unless it is killed itself.
    fn ending(&self, killed: &[usize]) -> Vec<bool> {
        let mut ends = vec![false; NODES];
        let mut next = killed.to_vec();
        while let Some(node) = next.pop() {
            if std::mem::replace(&mut ends[node], true) {
                continue;
            }
            let peers = self.peers(node).into_iter();
            next.extend(peers.filter(|peer| !self.traps[*peer]));
        }
        ends
    }

    fn peers(&self, node: usize) -> Vec<usize> {
        let mut peers: Vec<usize> = self
            .links
            .iter()
            .filter(|(one, other)| one != other && (*one == node || *other == node))
            .map(|(one, other)| if *one == node { *other } else { *one })
            .collect();
        peers.sort_unstable();
        peers.dedup();
        peers
    }

    async fn play(&self, random: &mut Random, again: &str) {
        let system = system();
        let (actors, mut events): (Vec<_>, Vec<_>) = (0..NODES).map(|_| task(&system)).unzip();
        for (actor, _) in actors.iter().zip(&self.traps).filter(|(_, traps)| **traps) {
            actor.send(trapping()).await.unwrap();
        }
        // All at once, so that they race with each other.
        for (one, other) in &self.links {
            let target = actors[*other].any();
            actors[*one].send(linking(&target)).await.unwrap();
        }
        for actor in &actors {
            synced(actor).await;
        }
        let killed: Vec<_> = (0..3)
            .map(|_| random.below(NODES as u64) as usize)
            .collect();
        let ending = self.ending(&killed);

        killed.iter().for_each(|node| actors[*node].kill());

        for node in (0..NODES).filter(|node| ending[*node]) {
            end(&actors[node]).await;
        }
        for node in (0..NODES).filter(|node| !ending[*node]) {
            synced(&actors[node]).await;
            assert!(!actors[node].is_closed(), "{again}: {node} has ended");
            self.check_exits(node, &ending, &actors, &mut events[node], again);
        }
        assert_eq!(
            system.live_actors(),
            ending.iter().filter(|ends| !**ends).count(),
            "{again}"
        );
    }

    /// One that lives on has heard of each of its peers that ended, once.
    #[track_caller]
    fn check_exits(
        &self,
        node: usize,
        ending: &[bool],
        actors: &[ActorRef<Act>],
        events: &mut Events,
        again: &str,
    ) {
        let mut heard: HashMap<ActorId, u32> = HashMap::new();
        while let Some(event) = events.try_next() {
            match event {
                Event::Signal(Signal::Exit(exit)) => *heard.entry(exit.actor).or_default() += 1,
                other => panic!("{again}: {node} tells {other:?}"),
            }
        }
        let peers = self.peers(node).into_iter();
        let expected: HashMap<ActorId, u32> = peers
            .filter(|peer| ending[*peer])
            .map(|peer| (actors[peer].id(), 1))
            .collect();
        assert_eq!(heard, expected, "{again}: {node}");
    }
}
