package table

import (
	"encoding/binary"
	"errors"
)

// Directory and page headers of a table are written in Thrift's compact protocol. The decoder passes over what it does not
// know by calling itself, level by level, until the stack ends, which no program survives; and it believes the lengths
// it is told. So both are walked here first, with a bound on levels and on things.
const (
	maxLevels = 16 // a directory has six
	maxThings = 2_000_000
)

var errThrift = errors.New("a directory that cannot be read")

// walker walks over one struct.
type walker struct {
	data   []byte
	at     int
	things int
	path   [maxLevels]int64
	// see is told of every number, truth included, with the field ids that lead to it.
	see func(path []int64, value int64)
}

// walk goes over the struct at the beginning of data and says where it ends.
func walk(data []byte, see func(path []int64, value int64)) (end int, err error) {
	t := &walker{data: data, see: see}
	if !t.object(0) {
		return 0, errThrift
	}
	return t.at, nil
}

func (t *walker) byte() (byte, bool) {
	if t.at >= len(t.data) {
		return 0, false
	}
	t.at++
	return t.data[t.at-1], true
}

func (t *walker) varint() (uint64, bool) {
	v, n := binary.Uvarint(t.data[t.at:])
	if n <= 0 {
		return 0, false
	}
	t.at += n
	return v, true
}

func (t *walker) skip(n uint64) bool {
	if n > uint64(len(t.data)-t.at) {
		return false
	}
	t.at += int(n)
	return true
}

func zigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// The types of the compact protocol. Source: Apache Thrift, "Thrift Compact protocol encoding".
const (
	typeTrue   = 1
	typeFalse  = 2
	typeByte   = 3
	typeI16    = 4
	typeI64    = 6
	typeDouble = 7
	typeBinary = 8
	typeList   = 9
	typeSet    = 10
	typeMap    = 11
	typeStruct = 12
)

func (t *walker) object(level int) bool {
	if level >= maxLevels {
		return false
	}
	id := int64(0)
	for {
		head, ok := t.byte()
		switch {
		case !ok:
			return false
		case head == 0:
			return true
		case head>>4 != 0:
			id += int64(head >> 4)
		default:
			v, ok := t.varint()
			if !ok {
				return false
			}
			id = zigzag(v)
		}
		t.path[level] = id
		if kind := head & 15; kind == typeTrue || kind == typeFalse {
			t.tell(level, int64(typeFalse-kind))
		} else if !t.value(kind, level) {
			return false
		}
	}
}

func (t *walker) tell(level int, value int64) {
	if t.see != nil {
		t.see(t.path[:level+1], value)
	}
}

// value goes over one value. A truth in a list is a byte of its own.
func (t *walker) value(kind byte, level int) bool {
	if t.things++; t.things > maxThings {
		return false
	}
	switch {
	case kind == typeTrue || kind == typeFalse || kind == typeByte:
		return t.skip(1)
	case kind >= typeI16 && kind <= typeI64:
		v, ok := t.varint()
		if ok {
			t.tell(level, zigzag(v))
		}
		return ok
	case kind == typeDouble:
		return t.skip(8)
	case kind == typeBinary:
		n, ok := t.varint()
		return ok && t.skip(n)
	case kind == typeList || kind == typeSet:
		head, ok := t.byte()
		n := uint64(head >> 4)
		if ok && n == 15 {
			n, ok = t.varint()
		}
		return ok && t.each(n, []byte{head & 15}, level+1)
	case kind == typeMap:
		n, ok := t.varint()
		if !ok || n == 0 {
			return ok
		}
		head, ok := t.byte()
		return ok && t.each(n, []byte{head >> 4, head & 15}, level+1)
	case kind == typeStruct:
		return t.object(level + 1)
	}
	return false
}

// each goes over the elements of a list or the pairs of a map.
func (t *walker) each(n uint64, kinds []byte, level int) bool {
	// Every element takes a byte at least.
	if n > uint64(len(t.data)-t.at) || level >= maxLevels {
		return false
	}
	t.path[level] = 0
	for range n {
		for _, kind := range kinds {
			if !t.value(kind, level) {
				return false
			}
		}
	}
	return true
}
