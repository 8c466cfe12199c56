"""Who reaches whom by the rendered network policies, against what should be: nothing else, and nothing less."""

# Who may open a connection to which port of whom. Names are components.
WANTED = {
    "edge": {8080: "caddy selftest restore", 8081: "caddy prometheus"},
    "api": {8090: "caddy selftest restore", 50051: "edge", 8081: "prometheus selftest restore"},
    "ingester": {8081: "prometheus"},
    "workers": {8081: "prometheus"},
    "postgres": {5432: "api ingester workers kratos hydra backup restore postgres", 8008: "postgres backup prometheus", 9187: "prometheus"},
    "redis": {6379: "edge api ingester workers redis", 16379: "redis", 9121: "prometheus"},
    "clickhouse": {8123: "api ingester workers backup restore clickhouse", 9000: "clickhouse", 9009: "clickhouse", 9363: "prometheus"},
    "keeper": {9181: "clickhouse keeper", 9234: "keeper"},
    "redpanda": {9092: "edge api ingester workers redpanda", 9644: "redpanda prometheus", 33145: "redpanda"},
    "minio": {9000: "caddy api workers postgres clickhouse backup backup-metrics minio-buckets prometheus"},
    "kratos": {4433: "caddy api", 4434: ""},
    "hydra": {4444: "caddy", 4445: "api"},
    "caddy": {9180: "prometheus"},
}


def _labels(component, release):
    return {"app.kubernetes.io/name": "elido", "app.kubernetes.io/instance": release, "app.kubernetes.io/component": component}


def _meets(selector, labels):
    return selector.get("matchLabels", {}).items() <= labels.items() and not selector.get("matchExpressions")


def _port_is_in(rule, port):
    if "ports" not in rule:
        return True
    return any(one["protocol"] == "TCP" and one["port"] <= port <= one.get("endPort", one["port"]) for one in rule["ports"])


def _peer_is_in(rule, side, labels):
    peers = rule.get(side)
    return peers is None or any("podSelector" in peer and "namespaceSelector" not in peer and _meets(peer["podSelector"], labels) for peer in peers)


def _allows(policies, labels, direction, other, port):
    """Policies that select a pod add up; without any all is allowed."""
    own = [policy["spec"] for policy in policies if _meets(policy["spec"]["podSelector"], labels)]
    own = [spec for spec in own if direction.capitalize() in spec["policyTypes"]]
    side = "from" if direction == "ingress" else "to"
    return not own or any(_port_is_in(rule, port) and _peer_is_in(rule, side, other) for spec in own for rule in spec.get(direction) or [])


def problems(documents, release="elido"):
    policies = [document for document in documents if document["kind"] == "NetworkPolicy"]
    present = {policy["metadata"]["name"] for policy in policies}
    for server, ports in WANTED.items():
        if server not in present:
            continue
        for port, clients in ports.items():
            for client in sorted(present - {"default-deny"}):
                source, target = _labels(client, release), _labels(server, release)
                is_open = _allows(policies, source, "egress", target, port) and _allows(policies, target, "ingress", source, port)
                is_wanted = client in clients.split()
                if is_open != is_wanted:
                    yield f"{client} {'reaches' if is_open else 'does not reach'} port {port} of {server}"


def outward_problems(documents):
    """Only some pods reach addresses outside of the cluster, and none of them private ones."""
    for document in documents:
        if document["kind"] != "NetworkPolicy":
            continue
        for rule in document["spec"].get("egress") or []:
            for peer in rule.get("to") or []:
                block = peer.get("ipBlock")
                name = document["metadata"]["name"]
                if block and name not in ("api", "workers", "caddy"):
                    yield f"{name} reaches {block['cidr']}"
                if block and block["cidr"] == "0.0.0.0/0" and "10.0.0.0/8" not in block.get("except", []):
                    yield f"{name} reaches private networks"
