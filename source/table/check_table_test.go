package table

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"pgregory.net/rapid"
)

// wide has every encoding that writers choose, nested and repeated.
type wide struct {
	Plain  string            `parquet:"plain,optional"`
	Dict   string            `parquet:"dict,optional,dict"`
	Delta  string            `parquet:"delta,optional,delta"`
	Number int64             `parquet:"number,delta"`
	Split  float64           `parquet:"split,split"`
	Truth  bool              `parquet:"truth,optional"`
	At     time.Time         `parquet:"at,timestamp(microsecond)"`
	Map    map[string]string `parquet:"map,optional"`
	List   []struct {
		Words []string `parquet:"words,list"`
		N     int32    `parquet:"n,optional,dict"`
	} `parquet:"list,list"`
}

// TestCheckTakesWhatWritersWrite: whatever a writer makes of rows passes, in both versions of pages.
func TestCheckTakesWhatWritersWrite(t *testing.T) {
	row := rapid.Custom(func(t *rapid.T) wide {
		word := rapid.StringN(0, 20, 40)
		w := wide{Plain: word.Draw(t, "plain"), Dict: word.Draw(t, "dict"), Delta: word.Draw(t, "delta"), Number: rapid.Int64().Draw(t, "number"), Split: rapid.Float64().Draw(t, "split"),
			Truth: rapid.Bool().Draw(t, "truth"), At: time.UnixMicro(rapid.Int64Range(0, 1<<50).Draw(t, "at")), Map: rapid.MapOfN(word, word, 0, 3).Draw(t, "map")}
		for range rapid.IntRange(0, 3).Draw(t, "list") {
			w.List = append(w.List, struct {
				Words []string `parquet:"words,list"`
				N     int32    `parquet:"n,optional,dict"`
			}{rapid.SliceOfN(word, 0, 3).Draw(t, "words"), rapid.Int32().Draw(t, "n")})
		}
		return w
	})
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(row, 0, 30).Draw(t, "rows")
		codec := rapid.SampledFrom([]compress.Codec{&parquet.Zstd, &parquet.Snappy, &parquet.Gzip, &parquet.Uncompressed}).Draw(t, "codec")
		var b bytes.Buffer
		w := parquet.NewGenericWriter[wide](&b, parquet.Compression(codec), parquet.DataPageVersion(rapid.IntRange(1, 2).Draw(t, "version")), parquet.PageBufferSize(rapid.SampledFrom([]int{64, 4096}).Draw(t, "page")))
		for _, r := range rows {
			if _, err := w.Write([]wide{r}); err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 9).Draw(t, "flush") == 0 {
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := check(b.Bytes()); err != nil {
			t.Fatalf("%s: %v", codec, err)
		}
	})
}

// forge makes a table of one column from a page's header and body, as somebody might who wants us to fall over.
func forge(t *testing.T, codec format.CompressionCodec, encoding format.Encoding, values, unpacked int, rows int64, body []byte) []byte {
	t.Helper()
	encode := func(v any) []byte {
		data, err := thrift.Marshal(new(thrift.CompactProtocol), v)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	header := encode(format.PageHeader{UncompressedPageSize: int32(unpacked), CompressedPageSize: int32(len(body)),
		DataPageHeader: thrift.New(format.DataPageHeader{NumValues: int32(values), Encoding: encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE})})
	page := append(header, body...)
	column := format.ColumnMetaData{Type: format.ByteArray, Codec: codec, NumValues: int64(values), DataPageOffset: 4, TotalCompressedSize: int64(len(page)), TotalUncompressedSize: int64(len(page))}
	column.PathInSchema = append(column.PathInSchema, "a")
	meta := format.FileMetaData{Version: 1, NumRows: rows}
	meta.Schema = append(meta.Schema, format.SchemaElement{Name: "root", NumChildren: thrift.New(int32(1))},
		format.SchemaElement{Name: "a", Type: thrift.New(format.ByteArray), RepetitionType: thrift.New(format.Optional)})
	group := format.RowGroup{NumRows: rows}
	group.Columns = append(group.Columns, format.ColumnChunk{MetaData: column})
	meta.RowGroups = append(meta.RowGroups, group)
	footer := encode(meta)
	out := append([]byte(Magic), page...)
	out = append(out, footer...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(footer)))
	return append(out, Magic...)
}

// runs are levels with their length before them: n times one value.
func runs(n uint64, value byte) []byte {
	body := append(binary.AppendUvarint(nil, n<<1), value)
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func TestCheckRefuses(t *testing.T) {
	packer, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer packer.Close()
	bomb := packer.EncodeAll(make([]byte, 300<<20), nil)
	text := append(runs(1, 1), 1, 0, 0, 0, 'x')
	// Two million texts, each all of the one before: blocks of 128 in one part, nothing shared by the first, then a thousand.
	shared := runs(2<<20, 1)
	shared = append(shared, 0x80, 0x01, 0x01)
	shared = binary.AppendUvarint(shared, 2<<20)
	shared = append(shared, 0)
	for i := range 2 << 20 / 128 {
		step := byte(0)
		if i == 0 {
			step = 2 // zigzag of one: the shared part grows by one with each text
		}
		shared = append(shared, step, 0)
	}
	deep := bytes.Repeat([]byte{0x1c}, 1<<20) // structs in structs
	deep = append(append([]byte(Magic), deep...), 0, 0, 0x10, 0)
	for name, test := range map[string]struct {
		data []byte
		says string
	}{
		"none":            {nil, "too short"},
		"cut":             {forge(t, format.Uncompressed, format.Plain, 1, len(text), 1, text)[:40], "does not end"},
		"encrypted":       {[]byte(Magic + "0000PARE"), "encrypted"},
		"long directory":  {[]byte(Magic + "\xff\xff\xff\x7f" + Magic), "a directory of"},
		"deep directory":  {append(deep, Magic...), "directory that cannot be read"},
		"runs":            {forge(t, format.Uncompressed, format.Plain, 1000, 6, 1000, runs(1<<30, 1)), "runs of more"},
		"rows":            {forge(t, format.Uncompressed, format.Plain, 1, len(text), 1<<50, text), "claims 1125899906842624 rows"},
		"values":          {forge(t, format.Uncompressed, format.Plain, 1<<30, len(text), 1, text), "a page of 1073741824 values"},
		"page":            {forge(t, format.Zstd, format.Plain, 1, 1<<30, 1, text), "in 1073741824 bytes"},
		"bomb":            {forge(t, format.Zstd, format.Plain, 1, 100, 1, bomb), "unpacks to more than the 100 bytes"},
		"broken zstd":     {forge(t, format.Zstd, format.Plain, 1, 100, 1, text), "a broken page"},
		"broken gzip":     {forge(t, format.Gzip, format.Plain, 1, 100, 1, text), "a broken page"},
		"snappy":          {forge(t, format.Snappy, format.Plain, 1, 100, 1, binary.AppendUvarint(nil, 1<<31)), "a broken page"},
		"brotli":          {forge(t, format.Brotli, format.Plain, 1, 100, 1, text), "BROTLI"},
		"dictionary":      {forge(t, format.Uncompressed, format.RLEDictionary, 1, 100, 1, append(append(runs(1, 1), 8), binary.AppendUvarint(nil, 1<<31)...)), "runs that break off"},
		"delta":           {forge(t, format.Uncompressed, format.DeltaLengthByteArray, 1, 100, 1, append(runs(1, 1), 0x80, 0x01, 0x04, 0xff, 0xff, 0xff, 0x7f, 0)), "that claims"},
		"shared":          {forge(t, format.Uncompressed, format.DeltaByteArray, 2<<20, len(shared), 1, shared), "texts come to more"},
		"cut values":      {forge(t, format.Uncompressed, format.DeltaByteArray, 1, 100, 1, append(runs(1, 1), 0x80)), "break off"},
		"unknown":         {forge(t, format.Uncompressed, format.Encoding(77), 1, len(text), 1, text), "encoding 77"},
		"levels cut":      {forge(t, format.Uncompressed, format.Plain, 1, 2, 1, []byte{9, 0}), "breaks off"},
		"nothing is well": {forge(t, format.Uncompressed, format.Plain, 1, len(text), 1, text), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := NewReader(test.data)
			runtime.ReadMemStats(&after)
			if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("error %v", err)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > maxTexts {
				t.Errorf("%d bytes were taken", grown)
			}
		})
	}
}

func TestCheckSchema(t *testing.T) {
	group := func(n int32) format.SchemaElement { return format.SchemaElement{NumChildren: thrift.New(n)} }
	leaf := format.SchemaElement{}
	deep := []format.SchemaElement{}
	for range maxDeep + 1 {
		deep = append(deep, group(1))
	}
	for name, test := range map[string]struct {
		list []format.SchemaElement
		bad  bool
	}{
		"flat":      {[]format.SchemaElement{group(2), leaf, leaf}, false},
		"nested":    {[]format.SchemaElement{group(2), group(1), leaf, leaf}, false},
		"empty":     {nil, true},
		"deep":      {append(deep, leaf), true},
		"cut":       {[]format.SchemaElement{group(2), leaf}, true},
		"cut below": {[]format.SchemaElement{group(1), group(2), leaf}, true},
		"two roots": {[]format.SchemaElement{group(1), leaf, leaf}, true},
		"negative":  {[]format.SchemaElement{group(-1), leaf}, true},
		"too many":  {make([]format.SchemaElement, maxElements+1), true},
	} {
		if err := checkSchema(test.list); (err != nil) != test.bad {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzWalk: the walk stays in its bounds, and takes what the decoder takes.
func FuzzWalk(f *testing.F) {
	header, err := thrift.Marshal(new(thrift.CompactProtocol), format.PageHeader{CompressedPageSize: 5, DataPageHeader: thrift.New(format.DataPageHeader{NumValues: 3})})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(header)
	f.Add([]byte{0x19, 0xfc, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte{0x1b, 0x01, 0x88, 1, 'a', 1, 'b', 0x1c, 0x11, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		end, err := walk(data, nil)
		if err == nil && (end <= 0 || end > len(data) || data[end-1] != 0) {
			t.Errorf("%x ends at %d", data, end)
		}
		for cut := range min(end, 64) {
			if _, err := walk(data[:cut], nil); err == nil {
				t.Errorf("%x is whole, and its first %d bytes are", data[:end], cut)
			}
		}
	})
}
