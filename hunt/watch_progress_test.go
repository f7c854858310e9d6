package hunt

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/quell-ir/quell/source"
)

// TestProgressWhileAFileIsRead looks from between the reads of one file: the numbers must not wait for its end.
func TestProgressWhileAFileIsRead(t *testing.T) {
	h := hunter(t, rules)
	var text strings.Builder
	for n := range 2000 {
		text.WriteString(record(fmt.Sprintf("e-%d", n), "CreateUser", "mallory", start.Add(time.Duration(n)*time.Second), "") + "\n")
	}
	seen := []int64{}
	in := &looking{in: strings.NewReader(text.String()), look: func() {
		events, findings := h.Progress()
		if findings > events {
			t.Errorf("%d findings of %d events", findings, events)
		}
		seen = append(seen, events)
	}}
	if err := h.document(t.Context(), source.Document{Origin: "a test", Kind: source.KindJSON, Reader: in}); err != nil {
		t.Fatal(err)
	}
	events, findings := h.Progress()
	if r := h.Result(); events != r.Events || events != 2000 || findings != 2000 {
		t.Errorf("%d events and %d findings, the result has %d events", events, findings, r.Events)
	}
	if between := seen[len(seen)/2]; between == 0 || between == events {
		t.Errorf("while reading: %v", seen)
	}
	if err := h.Records([]json.RawMessage{json.RawMessage(record("more", "CreateUser", "ann", start, ""))}, "more"); err != nil {
		t.Fatal(err)
	}
	if events, findings := h.Progress(); events != 2001 || findings != 2001 {
		t.Errorf("after one more: %d events, %d findings", events, findings)
	}
}

type looking struct {
	in   io.Reader
	look func()
}

func (l *looking) Read(p []byte) (int, error) {
	l.look()
	return l.in.Read(p[:min(len(p), 32<<10)])
}
