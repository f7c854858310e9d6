package hunt

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
)

// script is a clock whose sleeps are the steps of a test: what happens between two looks.
type script struct {
	steps []func()
}

func (s *script) Now() time.Time { return start }

func (s *script) Sleep(context.Context, time.Duration) error {
	if len(s.steps) == 0 {
		return context.Canceled
	}
	s.steps[0]()
	s.steps = s.steps[1:]
	return nil
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

func made(id string) string { return record(id, "CreateUser", "eve", start, "") }

func zipped(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFollow(t *testing.T) {
	dir := t.TempDir()
	lines, whole, packed := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "b.json"), filepath.Join(dir, "c.json.gz")
	half := zipped(t, `{"Records":[`+made("g1")+`]}`)
	appendTo(t, lines, made("l1")+"\n")
	clock := &script{}
	h := hunter(t, strings.Split(rules, "---")[0])
	h.Clock = clock
	var looks [][]string
	f := &Follower{Paths: []string{dir}, Every: time.Second, Record: func(_ context.Context, fresh []quell.Finding) error {
		var ids []string
		for _, x := range fresh {
			ids = append(ids, x.Events...)
		}
		slices.Sort(ids)
		looks = append(looks, ids)
		return nil
	}}
	clock.steps = []func(){
		// A second line and the beginning of a third; a JSON text and an archive that are still being written.
		func() {
			appendTo(t, lines, made("l2")+"\n"+made("l3")[:40])
			appendTo(t, whole, `{"Records":[`+made("w1")+`,`)
			appendTo(t, packed, half[:20])
		},
		func() {
			appendTo(t, lines, made("l3")[40:]+"\n")
			appendTo(t, whole, made("w2")+`]}`)
			appendTo(t, packed, half[20:])
		},
		func() {}, // what has stopped growing is read
		func() {}, // and only once
		// Rotation: the file begins anew.
		func() {
			if err := os.Truncate(lines, 0); err != nil {
				t.Fatal(err)
			}
		},
		func() { appendTo(t, lines, made("l4")+"\n") },
	}
	r, err := h.Follow(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"l1"}, {"l2"}, {"l3"}, {"g1", "w1", "w2"}, {"l4"}}
	if diff := cmp.Diff(want, looks); diff != "" {
		t.Error(diff)
	}
	if r.Events != 7 || r.Skipped == nil {
		t.Errorf("%+v", r)
	}
}

// TestFollowHeader: later lines of a flow log in a custom format are read by the header of the first.
func TestFollowHeader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flows.log")
	appendTo(t, path, "start srcaddr dstaddr dstport action account-id\n1772420400 10.0.0.1 10.0.0.2 22 ACCEPT 111122223333\n")
	clock := &script{steps: []func(){func() { appendTo(t, path, "1772420460 10.0.0.1 10.0.0.2 23 REJECT 111122223333\n") }}}
	h := kindHunter(t, `title: refused
id: r1
logsource: {product: aws, service: vpcflow}
level: high
detection: {s: {action: REJECT, dstport: 23}, condition: s}
`)
	h.Clock = clock
	var got []quell.Finding
	r, err := h.Follow(t.Context(), &Follower{Paths: []string{path}, Record: func(_ context.Context, fresh []quell.Finding) error {
		got = append(got, fresh...)
		return nil
	}})
	if err != nil || len(got) != 1 || r.Events != 2 || got[0].Account != "111122223333" {
		t.Errorf("%+v, %v, %+v", r, err, got)
	}
	// What cannot be recorded ends the following: else it would be lost.
	enough := errors.New("enough")
	h.Clock, h.seen = &script{}, nil
	if _, err := h.Follow(t.Context(), &Follower{Paths: []string{path}, Record: func(context.Context, []quell.Finding) error { return enough }}); !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
}

func kindHunter(t *testing.T, text string) *Hunter {
	t.Helper()
	h := hunter(t, text)
	found, problems := readRules(fsOf(text), func(b []byte) []byte { return b })
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	kinds, err := CompileKinds(found, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.Kinds = kinds
	return h
}

func TestOfLines(t *testing.T) {
	for text, want := range map[string]bool{
		"":                              false,
		`{"Records":[]}` + "\n":         false,
		`{"Records":[]}` + "\n{}":       true,
		`{"eventName":"A"}` + "\n":      true,
		"{\n  \"Records\": []\n}":       false,
		"[1]\n":                         false,
		"2 1 eni 1 2 3\n":               true,
		"2 1 eni":                       false,
		"\x1f\x8b\x08\x00\n":            false,
		"\n\n" + `{"a":1}` + "\n{\"b\"": true,
	} {
		if got := ofLines([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestLastLine: whatever the blocks, the end found is that of the last line.
func TestLastLine(t *testing.T) {
	text := strings.Repeat("x", 3*headBytes)
	for _, at := range []int{-1, 0, headBytes - 1, headBytes, 2*headBytes + 7, 3*headBytes - 1} {
		data := []byte(text)
		if at >= 0 {
			data[at] = '\n'
		}
		got, err := lastLine(bytes.NewReader(data), 0, int64(len(data)))
		if err != nil || got != int64(at+1) {
			t.Errorf("at %d: %d, %v", at, got, err)
		}
	}
}

// TestStreamForgets: what was told is let go, but not what tells a repetition.
func TestStreamForgets(t *testing.T) {
	h := hunter(t, rules)
	read := func(id string) []quell.Finding {
		t.Helper()
		d := source.Document{Kind: source.KindJSON, Origin: id, Reader: strings.NewReader(record(id, "CreateUser", "eve", start, ""))}
		if err := h.Document(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		return h.Fresh()
	}
	for i := range 3 {
		want := 1
		if i == 2 {
			want = 2 // the third makes three in five minutes
		}
		if got := read(fmt.Sprint("e", i)); len(got) != want {
			t.Errorf("record %d: %+v", i, got)
		}
	}
	h.Forget(start)
	if len(h.findings) != 0 || len(read("e0")) != 0 || len(read("e3")) != 1 {
		t.Errorf("after forgetting: %+v", h.findings)
	}
	h.Forget(start.Add(48 * time.Hour))
	if hits := h.correlated(); len(hits) != 0 {
		t.Errorf("kept for ever: %+v", hits)
	}
}
