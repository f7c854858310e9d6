package hunt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source/queue"
	"github.com/quell-ir/quell/store/journal"
)

// mailbox is a queue whose messages come as long as they are not deleted. refuses is how many deletions it answers with an
// error.
type mailbox struct {
	mu      sync.Mutex
	bodies  []string
	deleted map[string]bool
	refuses int
	offered map[string]int
}

func (b *mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var in struct {
		Entries []struct{ ID, ReceiptHandle string }
	}
	_ = json.NewDecoder(r.Body).Decode(&in) // other calls have no entries
	out := map[string]any{}
	switch op := r.Header.Get("X-Amz-Target"); {
	case strings.HasSuffix(op, "ReceiveMessage"):
		var messages []map[string]any
		for i, body := range b.bodies {
			if id := fmt.Sprint("m", i); !b.deleted[id] && b.offered[id] == 0 {
				b.offered[id]++
				messages = append(messages, map[string]any{"MessageId": id, "ReceiptHandle": id, "Body": body})
			}
		}
		out["Messages"] = messages
	case strings.HasSuffix(op, "DeleteMessageBatch") && b.refuses > 0:
		b.refuses--
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"no"}`)
		return
	case strings.HasSuffix(op, "DeleteMessageBatch"):
		for _, e := range in.Entries {
			b.deleted[e.ReceiptHandle] = true
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(out)
}

// again hides nothing any more: what is not deleted comes again.
func (b *mailbox) again() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.offered = map[string]int{}
}

func newMailbox(t *testing.T, bodies ...string) (*mailbox, queue.Queue) {
	t.Helper()
	b := &mailbox{bodies: bodies, deleted: map[string]bool{}, offered: map[string]int{}}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return b, queue.Queue{URL: server.URL + "/111122223333/logs", Clock: quell.WallClock{}, Drain: true, Config: aws.Config{Region: "eu-west-1",
		BaseEndpoint: &server.URL, HTTPClient: &http.Client{Transport: transport}, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")}}
}

// TestQueueDeletesWhatIsKept: while findings cannot be kept no message is deleted; when they can, each is kept once, the low
// ones too, and told by its own id whoever reads the message again.
func TestQueueDeletesWhatIsKept(t *testing.T) {
	low := strings.Replace(strings.Split(rules, "---")[0], "level: high", "level: low", 1)
	box, q := newMailbox(t, made("a"), made("b"), record("c", "ListUsers", "eve", start, ""))
	kept := journal.In(t.TempDir(), quell.WallClock{})
	defer func() { must(t, kept.Close()) }()
	full := errors.New("the disk is full")
	h := hunterOf(t, low)
	aside := func(context.Context, queue.Aside) error { t.Error("set aside"); return nil }
	refuse := func(context.Context, []quell.Finding) error { return full }
	keep := func(_ context.Context, fresh []quell.Finding) error { return kept.Keep(fresh) }
	if _, err := h.Queue(t.Context(), q, refuse, aside); !errors.Is(err, full) || len(box.deleted) != 0 {
		t.Fatalf("error %v, deleted %v", err, box.deleted)
	}
	// The same hunter, when there is room: what it found before is kept now.
	box.again()
	box.refuses = 1
	if _, err := h.Queue(t.Context(), q, keep, aside); err == nil || !strings.Contains(err.Error(), "AccessDenied") || len(box.deleted) != 0 {
		t.Fatalf("error %v, deleted %v", err, box.deleted)
	}
	// Another, after the first was killed between keeping and deleting.
	box.again()
	r, err := hunterOf(t, low).Queue(t.Context(), q, keep, aside)
	if err != nil || len(box.deleted) != 3 || len(r.Findings) != 2 {
		t.Fatalf("%+v, error %v, deleted %v", r, err, box.deleted)
	}
	var ids, want []string
	must(t, kept.Read(func(f quell.Finding) error { ids = append(ids, f.ID); return nil }))
	for _, f := range r.Findings {
		want = append(want, f.ID)
		if f.Severity != quell.Low {
			t.Errorf("%+v", f)
		}
	}
	slices.Sort(ids)
	slices.Sort(want)
	if !slices.Equal(ids, want) {
		t.Errorf("kept %v, want %v", ids, want)
	}
}

// TestQueueFollows: a queue that is read on tells what the baseline and correlations come to, each once.
func TestQueueFollows(t *testing.T) {
	var bodies []string
	for i := range 5 {
		bodies = append(bodies, made(fmt.Sprint("e", i)))
	}
	box, q := newMailbox(t, bodies...)
	q.Drain = false
	ctx, cancel := context.WithCancel(t.Context())
	var got []string
	r, err := hunterOf(t, rules).Queue(ctx, q, func(_ context.Context, fresh []quell.Finding) error {
		for _, f := range fresh {
			got = append(got, f.Severity.String())
		}
		if len(got) == 6 {
			cancel()
		}
		return nil
	}, nil)
	if !errors.Is(err, context.Canceled) || r.Events != 5 || len(r.Findings) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"critical", "high", "high", "high", "high", "high"}) || len(box.deleted) != 5 {
		t.Errorf("told %v, deleted %v", got, box.deleted)
	}
}
