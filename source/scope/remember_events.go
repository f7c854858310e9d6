package scope

import (
	"hash/maphash"
	"sync"

	"github.com/quell-ir/quell"
)

// Memory keeps records that were read, so that a watch, which asks for the same hours again and again, parses each once.
// It may be shared by goroutines. A nil Memory remembers nothing.
type Memory struct {
	mu     sync.Mutex
	seed   maphash.Seed
	events map[uint64]quell.Event
}

// NewMemory is an empty memory.
func NewMemory() *Memory {
	return &Memory{seed: maphash.MakeSeed(), events: map[uint64]quell.Event{}}
}

// maxRemembered bounds the memory; a full one starts anew.
const maxRemembered = 100_000

// read parses a record, or remembers it. Records are told apart by a hash of their bytes under a seed that whoever wrote
// them cannot know.
func (m *Memory) read(raw []byte) (quell.Event, error) {
	if m == nil {
		return quell.ReadCloudTrail(raw)
	}
	key := maphash.Bytes(m.seed, raw)
	m.mu.Lock()
	e, ok := m.events[key]
	m.mu.Unlock()
	if ok {
		return e, nil
	}
	e, err := quell.ReadCloudTrail(raw)
	if err != nil {
		return e, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.events) >= maxRemembered {
		clear(m.events)
	}
	m.events[key] = e
	return e, nil
}
