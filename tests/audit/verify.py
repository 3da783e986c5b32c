"""Verifies an audit log of Coffer, written from the specifications alone: RFC 6962, RFC 8032, C2SP signed-note,
tlog-checkpoint and tlog-tiles. Nothing but Python's own library is needed.

    verify.py KEY (--database FILE | --export DIR) [CHECKPOINT...]

Prints one JSON object a finding, {"kind": ..., "seq": ...}, and exits with 1 if there is one.
"""

import base64, hashlib, json, pathlib, sqlite3, sys

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
COLUMNS = ("id account_id at action result resource_kind resource_id actor_id actor_kind actor_email actor_context "
           "actor_ip token_id token_name request_id method path user_agent status details").split()


def add(a, b):
    """Points of the curve in extended coordinates (RFC 8032, 5.1.4)."""
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, d - c, d + c, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, point):
    result = (0, 1, 1, 0)
    for bit in f"{n:b}":
        result = add(result, result)
        result = add(result, point) if bit == "1" else result
    return result


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P)
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - x2) % P:
        raise ValueError("no point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def is_signature(public, message, signature):
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    try:
        left, right = times(s, BASE), add(point(signature[:32]), times(h, point(public)))
    except ValueError:
        return False
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


def opened(key, note):
    """Size and root of a checkpoint that the key signed, or None."""
    name, key_id, encoded = key.strip().split("+", 2)
    public = base64.b64decode(encoded)
    if hashlib.sha256(name.encode() + b"\n" + public).hexdigest()[:8] != key_id or public[0] != 1:
        sys.exit("not a key")
    text, _, signatures = (note or "").rpartition("\n\n")
    for line in signatures.splitlines():
        dash, signer, encoded = (line.split(" ") + ["", "", ""])[:3]
        signature = base64.b64decode(encoded) if dash == "\u2014" and signer == name else b""
        if signature[:4].hex() == key_id and is_signature(public[1:], (text + "\n").encode(), signature[4:]):
            origin, size, encoded = text.split("\n")[:3]
            return (int(size), base64.b64decode(encoded)) if origin == name else None


def sha(data):
    return hashlib.sha256(data).digest()


def root(nodes):
    """RFC 6962, 2.1, from the leaves or from the roots of perfect trees of one size: an odd one waits at the end."""
    while len(nodes) > 1:
        nodes = [sha(b"\1" + a + b) for a, b in zip(nodes[::2], nodes[1::2])] + nodes[len(nodes) & ~1:]
    return nodes[0] if nodes else sha(b"")


class Database:
    def __init__(self, path):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        connection.text_factory = lambda data: data.decode(errors="surrogateescape")
        self.sql = connection.execute

    def events(self):
        """Place, id, hash of what is there, hash that is kept."""
        for seq, leaf, *values in self.sql(f"SELECT seq, leaf, {', '.join(COLUMNS)} FROM audit_events ORDER BY seq"):
            *rest, details = values
            fields = dict(zip(COLUMNS, rest))
            line = json.dumps({"v": 1} | fields, ensure_ascii=False, separators=(",", ":"))[:-1]
            line = f'{line},"details":{details}}}'.encode(errors="surrogateescape")
            yield seq, values[0], sha(b"\0" + line), leaf

    def tile(self, index, width):
        rows = self.sql("SELECT hashes FROM audit_tiles WHERE level = 0 AND tile = ?", (index,)).fetchone()
        return rows[0] if rows and width == 256 else None

    def checkpoints(self):
        return dict(self.sql("SELECT size, note FROM audit_checkpoints"))

    def head(self):
        return (self.sql("SELECT note FROM audit_head").fetchone() or [None])[0]


class Export:
    def __init__(self, path):
        self.path = pathlib.Path(path)

    def numbered(self, kind, index, width):
        name = f"{index % 1000:03}"
        while index := index // 1000:
            name = f"x{index % 1000:03}/{name}"
        path = self.path / "tile" / kind / (name + (f".p/{width}" if width < 256 else ""))
        return path.read_bytes() if path.is_file() else b""

    def events(self):
        lines = (self.path / "entries.ndjson").read_bytes().split(b"\n")[:-1]
        for start in range(0, len(lines), 256):
            block = lines[start:start + 256]
            widths, entries = [len(block), *range(256, 0, -1)], []
            bundle = next(filter(None, (self.numbered("entries", start // 256, width) for width in widths)), b"")
            while bundle:
                end = 2 + int.from_bytes(bundle[:2], "big")
                entries.append(sha(b"\0" + bundle[2:end]))
                bundle = bundle[end:]
            for at, line in enumerate(block):
                yield start + at + 1, json.loads(line)["id"], sha(b"\0" + line), (entries + [None] * 256)[at]

    def tile(self, index, width):
        return self.numbered("0", index, width) or None

    def checkpoints(self):
        return {int(path.name): path.read_text() for path in (self.path / "checkpoints").glob("*")}

    def head(self):
        path = self.path / "checkpoint"
        return path.read_text() if path.is_file() else None


def signed_leaves(source, events, roots, size, findings):
    """The leaves as they were signed, tile by tile: whichever account of them makes the signed root. None where none
    does."""
    places = {event[0]: event for event in events}
    tiles, leaves = [], []  # tiles: the roots of those until now, None once one is not known
    for start in range(0, size, 256):
        end = min(size, start + 256)
        block = [places.get(seq) for seq in range(start + 1, end + 1)]
        data = source.tile(start // 256, end - start) or b""
        accounts = [[data[at:at + 32] for at in range(0, len(data), 32)],
                    [event and event[3] for event in block],
                    [event and event[2] for event in block],
                    [event[2] for event in events[start - end:]]]  # the last ones, if all have shifted
        accounts = [account for account in accounts if len(account) == end - start and None not in account]
        if tiles is not None and end in roots:
            accounts = [account for account in accounts if root(tiles + [root(account)]) == roots[end]]
            if not accounts:
                findings.append({"kind": "unlocated", "first_seq": start + 1, "last_seq": end})
        tiles = tiles + [root(accounts[0])] if tiles is not None and accounts else None
        leaves += accounts[0] if accounts else [None] * (end - start)
    return leaves


def compare(signed, events, findings):
    """What became of each event."""
    place = {leaf: at + 1 for at, leaf in enumerate(signed) if leaf}
    unknown = {at + 1 for at, leaf in enumerate(signed) if not leaf}
    owner = {}  # of events that are the same, the one in its place is the true one
    for seq, _, leaf, _ in events:
        if leaf in place and (leaf not in owner or seq == place[leaf]):
            owner[leaf] = seq
    present, there = {leaf for _, _, leaf, _ in events}, {seq for seq, *_ in events}
    gone = sorted([seq for leaf, seq in place.items() if leaf not in present] + list(unknown - there))
    strange = [(seq, id) for seq, id, leaf, _ in events if seq != owner.get(leaf) and seq not in unknown]
    edited = {seq for seq, _ in strange} & set(gone)
    findings += [{"kind": "edited", "seq": seq, "id": id} for seq, id in strange if seq in edited]
    findings += [{"kind": "inserted", "seq": seq, "id": id} for seq, id in strange if seq not in edited]
    findings += [{"kind": "deleted", "seq": seq} for seq in gone if seq not in edited]
    if len(gone) == len(edited) == len(strange):
        findings += [{"kind": "moved", "seq": place[leaf], "found_at": seq, "id": id}
                     for seq, id, leaf, _ in events if owner.get(leaf) == seq != place[leaf]]
    findings += [{"kind": "leaf_changed", "seq": seq, "id": id}
                 for seq, id, leaf, kept in events if place.get(leaf) == seq and kept != leaf]


def verify(key, source, given):
    findings, events, roots, kept = [], list(source.events()), {}, source.checkpoints()
    for size, note in kept.items():
        checkpoint = opened(key, note)
        if checkpoint and checkpoint[0] == size:
            roots[size] = checkpoint[1]
        else:
            findings.append({"kind": "checkpoint_invalid", "size": size})
    head = opened(key, source.head())
    findings += [] if head else [{"kind": "head_invalid"}]
    roots.update([head] if head else [])
    size = max(roots, default=0)
    findings += [{"kind": "checkpoint_missing", "size": at} for at in range(256, size + 1, 256) if at not in kept]
    signed = signed_leaves(source, events, roots, size, findings)
    compare(signed, events, findings)
    for path in given:
        checkpoint = opened(key, pathlib.Path(path).read_text())
        if not checkpoint:
            findings.append({"kind": "given_checkpoint_invalid"})
        elif checkpoint[0] > size:
            findings.append({"kind": "truncated", "size": checkpoint[0]})
        elif None not in signed[:checkpoint[0]] and root(signed[:checkpoint[0]]) != checkpoint[1]:
            findings.append({"kind": "forked", "size": checkpoint[0]})
    return findings


if __name__ == "__main__":
    key_path, option, path, *given = sys.argv[1:]
    found = verify(pathlib.Path(key_path).read_text(), (Database if option == "--database" else Export)(path), given)
    for finding in found:
        print(json.dumps(finding))
    sys.exit(1 if found else 0)
