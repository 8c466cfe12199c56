use super::*;

const PEER: &str = "192.0.2.1";

fn places(connections_max: usize, per_address_max: usize) -> (Arc<Connections>, Arc<Mutex<Vec<Eviction>>>) {
    let limits = ConnectionLimits { connections_max, per_address_max, silence_max: Duration::from_secs(10) };
    let evictions = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&evictions);
    (Connections::new(limits, move |reason| lock(&told).push(reason)), evictions)
}

async fn enter(connections: &Arc<Connections>, peer: &str) -> Option<Arc<OpenConnection>> {
    connections.admit(peer.parse().expect("an address")).await
}

fn order(open: &OpenConnection) -> Order {
    open.order(Waker::noop())
}

#[tokio::test]
async fn only_silence_that_lasts_ends_a_connection() {
    let (connections, evictions) = places(10, 0);
    let [silent, answering, lively, unread] = [(); 4]
        .map(|()| enter(&connections, PEER))
        .map(futures_util::FutureExt::now_or_never)
        .map(|open| open.flatten().expect("a place"));
    answering.starts_response();
    unread.sends_response();
    for _ in 0..=ROUNDS {
        lively.starts_response();
        lively.awaits_request();
        assert_eq!(order(&silent), Order::GoOn);
        connections.pass_round();
    }
    assert_eq!(order(&silent), Order::End);
    assert_eq!(order(&unread), Order::End);
    assert_eq!(order(&answering), Order::GoOn);
    assert_eq!(order(&lively), Order::GoOn);
    assert_eq!(*lock(&evictions), [Eviction::Silent, Eviction::Unread]);
    answering.awaits_request();
    (0..=ROUNDS).for_each(|_| connections.pass_round());
    assert_eq!(order(&answering), Order::End);
}

#[tokio::test]
async fn whoever_ends_is_forgotten_and_whoever_enters_while_the_loop_stops_finishes() {
    let (connections, _) = places(10, 5);
    let stays = enter(&connections, PEER).await.expect("a place");
    drop(enter(&connections, PEER).await);
    connections.pass_round();
    assert_eq!(lock(&connections.open).len(), 1);
    connections.stop();
    assert_eq!(order(&stays), Order::Finish);
    assert_eq!(enter(&connections, PEER).await.map(|late| order(&late)), Some(Order::Finish));
    drop(stays);
    assert!(lock(&connections.by_network).is_empty());
}

#[tokio::test]
async fn a_newcomer_takes_the_place_of_the_longest_silent_and_never_of_one_that_is_answered() {
    let (connections, evictions) = places(3, 0);
    let answered = enter(&connections, PEER).await.expect("a place");
    answered.starts_response();
    let oldest = enter(&connections, PEER).await.expect("a place");
    connections.pass_round();
    let younger = enter(&connections, PEER).await.expect("a place");
    let leaving = async {
        while order(&oldest) != Order::End {
            tokio::task::yield_now().await;
        }
        drop(oldest);
    };
    let (newcomer, ()) = tokio::join!(enter(&connections, PEER), leaving);
    assert!(newcomer.is_some());
    assert_eq!((order(&answered), order(&younger)), (Order::GoOn, Order::GoOn));
    assert_eq!(*lock(&evictions), [Eviction::Room]);
}

#[tokio::test]
async fn a_response_that_nobody_takes_gives_way_after_a_round() {
    let (connections, evictions) = places(1, 0);
    let unread = enter(&connections, PEER).await.expect("a place");
    unread.sends_response();
    assert_eq!(connections.evict_longest_silent(1, Eviction::Room, |_| true), 0);
    connections.pass_round();
    connections.pass_round();
    assert_eq!(connections.evict_longest_silent(1, Eviction::Room, |_| true), 1);
    assert_eq!(order(&unread), Order::End);
    assert_eq!(*lock(&evictions), [Eviction::Room]);
}

#[tokio::test]
async fn an_address_pushes_only_its_own_connections_out() {
    let (connections, evictions) = places(10, 2);
    let other = enter(&connections, "2001:db8:0:1::1").await.expect("a place");
    let first = enter(&connections, "2001:db8::1").await.expect("a place");
    let second = enter(&connections, "2001:db8::2").await.expect("a place");
    let third = enter(&connections, "2001:db8::3").await.expect("a place");
    assert_eq!(
        [&other, &first, &second, &third].map(|open| order(open)),
        [Order::GoOn, Order::End, Order::GoOn, Order::GoOn]
    );
    second.starts_response();
    third.starts_response();
    assert!(enter(&connections, "2001:db8::4").await.is_none());
    assert_eq!(*lock(&evictions), [Eviction::Address, Eviction::Address]);
    drop(third);
    assert!(enter(&connections, "2001:db8::4").await.is_some());
}
