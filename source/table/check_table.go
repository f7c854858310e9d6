package table

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Bounds on what a table may claim. Writers make pages of a megabyte; the decoder takes as much memory for one as its header
// says, or as its compressed bytes give.
const (
	maxFooter   = 16 << 20
	maxElements = 20_000 // columns and groups of a schema
	maxDeep     = 64     // groups in groups
	maxChunks   = 200_000
	maxPage     = 64 << 20
	maxPages    = 1_000_000
	maxValues   = 8 << 20 // in a page
)

// check says why a table must not be given to the decoder: its footer and the header of every page are looked at, and what
// is compressed is decompressed once, to see that it is no more than is claimed.
func check(data []byte) error {
	meta, err := readFooter(data)
	if err != nil {
		return err
	}
	if err := checkSchema(meta.Schema); err != nil {
		return err
	}
	c := &checker{data: data}
	defer c.close()
	leaves := leavesOf(meta.Schema)
	for i := range meta.RowGroups {
		group := &meta.RowGroups[i]
		for k := range group.Columns {
			if c.chunks++; c.chunks > maxChunks {
				return fmt.Errorf("more than %d column chunks", maxChunks)
			}
			if k >= len(leaves) {
				return fmt.Errorf("row group %d has more columns than the schema's %d", i, len(leaves))
			}
			values, err := c.chunk(&group.Columns[k].MetaData, leaves[k])
			if err != nil {
				return fmt.Errorf("row group %d, column %d: %w", i, k, err)
			}
			// A row has a value in every column, if only one that says that there is none.
			if group.NumRows < 0 || group.NumRows > values {
				return fmt.Errorf("row group %d claims %d rows and column %d has %d values", i, group.NumRows, k, values)
			}
		}
	}
	return nil
}

func readFooter(data []byte) (*format.FileMetaData, error) {
	const tail = 8
	if len(data) < len(Magic)+tail {
		return nil, errors.New("too short for a table")
	}
	switch magic := string(data[len(data)-4:]); magic {
	case Magic:
	case "PARE":
		return nil, errors.New("its directory is encrypted")
	default:
		return nil, errors.New("it does not end as a table does: it was cut, or is still being written")
	}
	size := int64(binary.LittleEndian.Uint32(data[len(data)-tail:]))
	if size > maxFooter || size > int64(len(data)-tail-len(Magic)) {
		return nil, fmt.Errorf("a directory of %d bytes", size)
	}
	footer := data[int64(len(data))-tail-size : len(data)-tail]
	if _, err := walk(footer, nil); err != nil {
		return nil, err
	}
	meta := &format.FileMetaData{}
	if err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(bytes.NewReader(footer))).Decode(meta); err != nil {
		return nil, fmt.Errorf("read the directory: %w", err)
	}
	return meta, nil
}

// checkSchema walks the schema, which is a tree written as a list. The decoder builds it by calling itself.
func checkSchema(list []format.SchemaElement) error {
	if len(list) == 0 || len(list) > maxElements {
		return fmt.Errorf("a schema of %d elements", len(list))
	}
	var left []int32 // children still to come, a number for each group around
	for i, e := range list {
		for len(left) > 0 && left[len(left)-1] == 0 {
			left = left[:len(left)-1]
		}
		if i > 0 && len(left) == 0 {
			return errors.New("a schema with more than one root")
		}
		if len(left) > 0 {
			left[len(left)-1]--
		}
		if n := e.NumChildren.V; n < 0 || int64(n) > int64(len(list)) {
			return fmt.Errorf("a group of %d columns", n)
		} else if n > 0 || i == 0 {
			left = append(left, n)
		}
		if len(left) > maxDeep {
			return fmt.Errorf("groups more than %d levels deep", maxDeep)
		}
	}
	if slices.Max(append(left, 0)) > 0 {
		return errors.New("a schema that breaks off")
	}
	return nil
}

// checker looks at pages, with decompressors that serve all of them.
type checker struct {
	data          []byte
	chunks, pages int
	gzip          *gzip.Reader
	zstd          *zstd.Decoder
	body          bytes.Buffer // of the page that is looked into
}

func (c *checker) close() {
	if c.zstd != nil {
		c.zstd.Close()
	}
}

// page is what a page's header says.
type page struct {
	unpacked, packed, values, encoding int64
	definition, repetition             int64 // levels of the second version, which are not compressed
	plain                              bool  // nothing in it is compressed
	dictionary, second                 bool
	otherD, otherR                     bool // levels in another encoding than runs
}

// chunk goes through the pages of a column chunk, and gives the number of its values.
func (c *checker) chunk(m *format.ColumnMetaData, of leaf) (values int64, err error) {
	start := m.DataPageOffset
	if m.DictionaryPageOffset > 0 && m.DictionaryPageOffset < start {
		start = m.DictionaryPageOffset
	}
	size := int64(len(c.data))
	if start < 0 || start > size || m.TotalCompressedSize < 0 || m.TotalCompressedSize > size-start {
		return 0, fmt.Errorf("%d bytes at %d of a file of %d", m.TotalCompressedSize, start, size)
	}
	rest := c.data[start : start+m.TotalCompressedSize]
	for len(rest) > 0 {
		if c.pages++; c.pages > maxPages {
			return 0, fmt.Errorf("more than %d pages", maxPages)
		}
		p := page{}
		end, err := walk(rest, p.see)
		if err != nil {
			return 0, errors.New("a page whose header cannot be read")
		}
		rest = rest[end:]
		if p.unpacked < 0 || p.unpacked > maxPage || p.packed < 0 || p.packed > int64(len(rest)) || p.values < 0 || p.values > maxValues {
			return 0, fmt.Errorf("a page of %d values in %d bytes, packed in %d", p.values, p.unpacked, p.packed)
		}
		if !p.dictionary {
			values += p.values
		}
		if err := c.page(m.Codec, p, rest[:p.packed], of); err != nil {
			return 0, err
		}
		rest = rest[p.packed:]
	}
	return values, nil
}

// see takes the fields of a page's header that matter. Source: parquet.thrift, PageHeader.
func (p *page) see(path []int64, value int64) {
	switch {
	case len(path) == 1 && path[0] == 2:
		p.unpacked = value
	case len(path) == 1 && path[0] == 3:
		p.packed = value
	case len(path) != 2:
	case path[0] == 5 || path[0] == 7 || path[0] == 8:
		p.dictionary, p.second = p.dictionary || path[0] == 7, p.second || path[0] == 8
		switch {
		case path[1] == 1:
			p.values = max(p.values, value)
		case path[0] == 5 && path[1] == 2, path[0] == 8 && path[1] == 4:
			p.encoding = value
		case path[0] == 5 && path[1] == 3:
			p.otherD = value != int64(format.RLE)
		case path[0] == 5 && path[1] == 4:
			p.otherR = value != int64(format.RLE)
		case path[0] == 8 && path[1] == 5:
			p.definition = value
		case path[0] == 8 && path[1] == 6:
			p.repetition = value
		case path[0] == 8 && path[1] == 7:
			p.plain = value == 0
		}
	}
}

// page looks into a page. Whatever comes out of it beyond the claim would be held by the decoder.
func (c *checker) page(codec format.CompressionCodec, p page, packed []byte, of leaf) error {
	levels := p.definition + p.repetition
	if p.definition < 0 || p.repetition < 0 || levels > int64(len(packed)) || levels > p.unpacked {
		return fmt.Errorf("levels of %d bytes in a page of %d", levels, len(packed))
	}
	// The second version has the levels in front, as they are.
	if p.second {
		if err := errors.Join(checkRuns(packed[:p.repetition], bits.Len(uint(of.repetition)), p.values),
			checkRuns(packed[p.repetition:levels], bits.Len(uint(of.definition)), p.values)); err != nil {
			return err
		}
	}
	body := packed[levels:]
	if codec != format.Uncompressed && !p.plain && len(body) > 0 {
		var err error
		if body, err = c.unpack(codec, body, p.unpacked-levels); err != nil {
			return err
		}
	}
	if p.dictionary {
		return nil
	}
	if !p.second {
		// Where there are no levels, writers name any encoding.
		if p.otherD && of.definition > 0 || p.otherR && of.repetition > 0 {
			return errors.New("levels in an encoding that is not read")
		}
		var err error
		if body, err = checkLevels(p, body, of); err != nil {
			return err
		}
	}
	return checkValues(p, body)
}

// unpack decompresses into a buffer that the next page uses again, and says if it is more than was claimed.
func (c *checker) unpack(codec format.CompressionCodec, packed []byte, claim int64) ([]byte, error) {
	var in io.Reader
	switch codec {
	case format.Snappy:
		n, err := s2.DecodedLen(packed)
		if err == nil && int64(n) > claim {
			err = fmt.Errorf("a page that unpacks to %d bytes and claims %d", n, claim)
		}
		if err == nil {
			c.body.Reset()
			c.body.Grow(n)
			return s2.Decode(c.body.AvailableBuffer()[:n], packed)
		}
		return nil, fmt.Errorf("a broken page: %w", err)
	case format.Gzip:
		if c.gzip == nil {
			c.gzip = new(gzip.Reader)
		}
		if err := c.gzip.Reset(bytes.NewReader(packed)); err != nil {
			return nil, fmt.Errorf("a broken page: %w", err)
		}
		in = c.gzip
	case format.Zstd:
		if err := c.resetZstd(packed); err != nil {
			return nil, fmt.Errorf("a broken page: %w", err)
		}
		in = c.zstd
	default:
		return nil, fmt.Errorf("compressed by %s, which is not read; use zstd, snappy or gzip", codec)
	}
	c.body.Reset()
	n, err := c.body.ReadFrom(io.LimitReader(in, claim+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("a broken page: %w", err)
	case n > claim:
		return nil, fmt.Errorf("a page that unpacks to more than the %d bytes it claims", claim)
	}
	return c.body.Bytes(), nil
}

func (c *checker) resetZstd(packed []byte) (err error) {
	if c.zstd != nil {
		return c.zstd.Reset(bytes.NewReader(packed))
	}
	c.zstd, err = zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*maxPage), zstd.WithDecoderMaxWindow(maxPage))
	return err
}
