package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"
)

// maxTexts is the most that the texts of one page may come to. Each may be told by what it shares with the one before, so that
// a page of kilobytes holds gigabytes.
const maxTexts = 4 * maxPage

// leaf are the highest levels of a column: how many groups around it may be absent, or repeat.
type leaf struct{ definition, repetition int }

// leavesOf lists the columns of a schema that was checked, in the order in which row groups have them.
func leavesOf(list []format.SchemaElement) []leaf {
	type group struct {
		left int32
		leaf leaf
	}
	var out []leaf
	var around []group
	for i, e := range list {
		for len(around) > 0 && around[len(around)-1].left == 0 {
			around = around[:len(around)-1]
		}
		here := leaf{}
		if len(around) > 0 {
			around[len(around)-1].left--
			here = around[len(around)-1].leaf
		}
		if i > 0 && e.RepetitionType.Valid { // the root has none
			if e.RepetitionType.V != format.Required {
				here.definition++
			}
			if e.RepetitionType.V == format.Repeated {
				here.repetition++
			}
		}
		if e.NumChildren.V > 0 {
			around = append(around, group{e.NumChildren.V, here})
			continue
		}
		out = append(out, here)
	}
	return out
}

// checkValues looks at a page's values, unpacked and behind its levels. The decoder takes room for as many as they claim.
func checkValues(p page, body []byte) error {
	switch format.Encoding(p.encoding) {
	case format.PlainDictionary, format.RLEDictionary:
		if len(body) == 0 {
			return nil // nothing but nulls
		}
		if body[0] > 32 {
			return fmt.Errorf("numbers of %d bits", body[0])
		}
		return checkRuns(body[1:], int(body[0]), p.values)
	case format.RLE:
		runs, _, err := prefixed(body)
		if err != nil {
			return err
		}
		return checkRuns(runs, 1, p.values)
	case format.DeltaBinaryPacked, format.DeltaLengthByteArray, format.DeltaByteArray:
		return checkDelta(p, body)
	case format.Plain, format.ByteStreamSplit:
		return nil // as long as they are
	}
	return fmt.Errorf("values in the encoding %d, which is not read", p.encoding)
}

// checkLevels looks at the levels that a page begins with, and gives what is behind them.
func checkLevels(p page, body []byte, of leaf) ([]byte, error) {
	for _, level := range []int{of.repetition, of.definition} {
		if level == 0 {
			continue
		}
		runs, rest, err := prefixed(body)
		if err == nil {
			err = checkRuns(runs, bits.Len(uint(level)), p.values)
		}
		if err != nil {
			return nil, err
		}
		body = rest
	}
	return body, nil
}

// prefixed cuts off what has its length before it.
func prefixed(body []byte) (part, rest []byte, err error) {
	if len(body) < 4 || uint64(binary.LittleEndian.Uint32(body)) > uint64(len(body)-4) {
		return nil, nil, errors.New("a page that breaks off")
	}
	end := 4 + binary.LittleEndian.Uint32(body)
	return body[4:end], body[end:], nil
}

// checkRuns adds up runs: a few bytes may say that a number stands two thousand million times. Source: Apache Parquet, "Run
// Length Encoding / Bit-Packing Hybrid".
func checkRuns(body []byte, width int, most int64) error {
	var sum uint64
	for len(body) > 0 {
		head, n := binary.Uvarint(body)
		if n <= 0 {
			return errors.New("runs that break off")
		}
		body = body[n:]
		count, size := head>>1, uint64(width+7)/8
		if head&1 != 0 { // groups of eight, packed
			count, size = count*8, count*uint64(width)
		}
		if head>>1 > 1<<31 || size > uint64(len(body)) {
			return errors.New("runs that break off")
		}
		// The last group may be filled up.
		if sum += count; sum > uint64(most)+8 {
			return fmt.Errorf("runs of more than the %d values that the page claims", most)
		}
		body = body[size:]
	}
	return nil
}

// checkDelta looks at values that are told by what they differ in.
func checkDelta(p page, body []byte) error {
	if len(body) == 0 {
		return nil // nothing but nulls
	}
	var head [3]uint64 // the size of a block, its parts, and how many values there are
	rest := body
	for i := range head {
		v, n := binary.Uvarint(rest)
		if n <= 0 {
			return errors.New("a page whose values break off")
		}
		head[i], rest = v, rest[n:]
	}
	if head[0] > 1<<16 || head[1] == 0 || head[1] > 512 || head[2] > uint64(p.values) {
		return fmt.Errorf("a page of %d values that claims %d in blocks of %d", p.values, head[2], head[0])
	}
	if p.encoding != int64(format.DeltaByteArray) {
		return nil
	}
	shared, err := new(delta.BinaryPackedEncoding).DecodeInt32(nil, body)
	if err != nil {
		return fmt.Errorf("a broken page: %w", err)
	}
	sum := int64(len(body))
	for _, n := range shared {
		if sum += int64(n); n < 0 || sum > maxTexts {
			return fmt.Errorf("a page of %d bytes whose texts come to more than %d", len(body), maxTexts)
		}
	}
	return nil
}
