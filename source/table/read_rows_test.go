package table

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
)

type api struct {
	Operation string `parquet:"operation,optional"`
}

type activity struct {
	Time      int64             `parquet:"time"`
	Class     int32             `parquet:"class_uid"`
	API       api               `parquet:"api,optional"`
	Resources []api             `parquet:"resources,list"`
	Unmapped  map[string]string `parquet:"unmapped,optional"`
}

type flow struct {
	Version int32  `parquet:"version"`
	Account string `parquet:"account_id,optional"`
	Src     string `parquet:"srcaddr,optional"`
	Dst     string `parquet:"dstaddr,optional"`
	Start   int64  `parquet:"start"`
	Path    string `parquet:"pkt_src_aws_service,optional"`
}

// write makes a table of rows.
func write[T any](t testing.TB, rows ...T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, parquet.Compression(&parquet.Zstd))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func text(t testing.TB, data []byte) string {
	t.Helper()
	r, err := NewReader(data)
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestReader(t *testing.T) {
	row := activity{Time: 1772600767000, Class: 6003, API: api{"CreateUser"}, Resources: []api{{"r"}}, Unmapped: map[string]string{"a.b": "c"}}
	got := text(t, write(t, row))
	want := `{"api":{"operation":"CreateUser"},"class_uid":6003,"resources":[{"operation":"r"}],"time":1772600767000,"unmapped":{"a.b":"c"}}` + "\n"
	if got != want {
		t.Errorf("%s", got)
	}
	if many := text(t, write(t, make([]activity, 1000)...)); strings.Count(many, "\n") != 1000 {
		t.Errorf("%d rows", strings.Count(many, "\n"))
	}
	got = text(t, write(t, flow{2, "111122223333", "10.0.0.1", "203.0.113.9", 1772600000, ""}, flow{Src: "a b"}))
	want = "version account-id srcaddr dstaddr start pkt-src-aws-service\n2 111122223333 10.0.0.1 203.0.113.9 1772600000 -\n0 - a_b - 0 -\n"
	if got != want {
		t.Errorf("%s", got)
	}
}

// TestOldTypes: what older writers keep in types of their own comes out as text.
func TestOldTypes(t *testing.T) {
	type old struct {
		At    deprecated.Int96    `parquet:"at"`
		Never deprecated.Int96    `parquet:"never"`
		Lists map[string][]string `parquet:"lists"`
	}
	got := text(t, write(t, old{deprecated.Int96{705032704, 1, 2461104}, deprecated.Int96{0, 1 << 31, 2461104}, map[string][]string{"a": {"b", "c"}}}))
	if want := `{"at":"2026-03-04T00:00:05Z","lists":{"a":["b","c"]},"never":null}` + "\n"; got != want {
		t.Errorf("%s", got)
	}
}

// TestReaderBroken flips each byte in turn: whatever comes of it is no panic.
func TestReaderBroken(t *testing.T) {
	whole := write(t, activity{Time: 1, Class: 6003, API: api{"X"}})
	failed := 0
	for i := range whole {
		data := bytes.Clone(whole)
		data[i] ^= 0x55
		r, err := NewReader(data)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if err != nil {
			failed++
			if !strings.HasPrefix(err.Error(), "broken Parquet table: ") && !strings.HasPrefix(err.Error(), "encode") {
				t.Errorf("byte %d: %v", i, err)
			}
		}
	}
	if failed == 0 {
		t.Error("no flipped byte was noticed")
	}
	for _, data := range [][]byte{nil, []byte("PAR1"), []byte("PAR1rest"), whole[:len(whole)/2]} {
		if _, err := NewReader(data); err == nil {
			t.Errorf("%q is a table", data)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(write(f, activity{Time: 1, Class: 6003, API: api{"X"}}))
	f.Add(write(f, flow{Version: 2}))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewReader(data)
		if err != nil {
			return
		}
		out := json.NewDecoder(io.LimitReader(r, 1<<20))
		for r.flow == nil {
			var row map[string]any
			if err := out.Decode(&row); err != nil {
				return
			}
		}
	})
}
