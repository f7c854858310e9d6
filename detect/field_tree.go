package detect

import "strings"

// fieldTree maps the keys of a record to the fields that rules read, so that the tokeniser can follow it key by key.
// Node 0 stands for "no rule reads below here", node 1 for the record.
type fieldTree struct {
	nodes  []treeNode
	fields []string // path per slot
	slots  map[string]int32
}

type treeNode struct {
	slot    int32 // -1 where no rule reads the value itself
	special special
	mask    uint32
	table   []treeEdge // open addressing by edgeHash
	edges   []treeEdge
}

type treeEdge struct {
	key  string
	node int32
}

// special marks keys whose value may be a container of records.
type special uint8

const (
	notSpecial special = iota
	holdsRecords
)

// Slots that every tree has, whatever the rules read.
const (
	slotName     int32 = iota // eventName
	slotSource                // eventSource
	slotLookup                // CloudTrailEvent: a record as a string, in the output of lookup-events
	slotDetail                // detail, detail-type: the EventBridge envelope
	slotDetailOf              //
)

func newFieldTree() *fieldTree {
	t := &fieldTree{nodes: []treeNode{{slot: -1}, {slot: -1}}, slots: map[string]int32{}}
	for _, path := range []string{"eventName", "eventSource", "CloudTrailEvent", "detail", "detail-type"} {
		t.add(path)
	}
	for _, key := range []string{"Records", "Events"} {
		t.nodes[t.walk(key)].special = holdsRecords
	}
	return t
}

// add returns the slot of a path, making it where needed.
func (t *fieldTree) add(path string) int32 {
	if slot, ok := t.slots[path]; ok {
		return slot
	}
	slot := int32(len(t.fields))
	t.fields = append(t.fields, path)
	t.slots[path] = slot
	t.nodes[t.walk(path)].slot = slot
	return slot
}

// walk follows a path from the record, making nodes on the way.
func (t *fieldTree) walk(path string) int32 {
	at := int32(1)
	for key := range strings.SplitSeq(path, ".") {
		next := int32(0)
		for _, e := range t.nodes[at].edges {
			if e.key == key {
				next = e.node
			}
		}
		if next == 0 {
			next = int32(len(t.nodes))
			t.nodes = append(t.nodes, treeNode{slot: -1})
			t.nodes[at].edges = append(t.nodes[at].edges, treeEdge{key, next})
		}
		at = next
	}
	return at
}

// freeze builds the tables for lookup. They are kept at most a quarter full, so most lookups are one comparison.
func (t *fieldTree) freeze() {
	for i := range t.nodes {
		n := &t.nodes[i]
		size := 4
		for size < 4*len(n.edges) {
			size *= 2
		}
		n.table, n.mask = make([]treeEdge, size), uint32(size-1)
		for _, e := range n.edges {
			at := edgeHash([]byte(e.key)) & n.mask
			for n.table[at].node != 0 {
				at = (at + 1) & n.mask
			}
			n.table[at] = e
		}
	}
}

// edgeHash mixes length, ends and middle: enough to tell the keys of AWS records apart.
func edgeHash(key []byte) uint32 {
	n := len(key)
	if n == 0 {
		return 0
	}
	return uint32(n)*0x9E37 ^ uint32(key[0])*0x85EB ^ uint32(key[n-1])*0xC2B3 ^ uint32(key[n/2])*0x27D5>>1
}

// child returns the node below at for a key, 0 for none. A key with dots counts as the path it spells.
func (t *fieldTree) child(at int32, key []byte) int32 {
	n := &t.nodes[at]
	if len(n.edges) == 0 {
		return 0
	}
	for i := edgeHash(key) & n.mask; n.table[i].node != 0; i = (i + 1) & n.mask {
		if n.table[i].key == string(key) {
			return n.table[i].node
		}
	}
	for i, c := range key {
		if c != '.' {
			continue
		}
		if at = t.child(at, key[:i]); at == 0 {
			return 0
		}
		return t.child(at, key[i+1:])
	}
	return 0
}
