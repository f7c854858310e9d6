package sandbox

import (
	"encoding/json"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/quell-ir/quell/sandbox/policy"
)

// Options describe a world. The zero value gives a usable one.
type Options struct {
	Seed int64
	// Start is the first instant; zero takes a fixed one, so that a seed alone fixes the history.
	Start   time.Time
	Account string   // 12 digits; default 123456789012
	Regions []string // enabled regions; default four
	Faults  Faults
	// Latency is what a call takes, with a jitter of a quarter; default 60 ms.
	Latency time.Duration
	// PropagationMin and Max bound how long an IAM write takes to be enforced; default 1 to 6 s.
	PropagationMin, PropagationMax time.Duration
	// TrailLagMin and Max bound how late a CloudTrail record comes; default 2 to 15 min.
	TrailLagMin, TrailLagMax time.Duration
	// DataEvents makes the account's trail carry S3 object events.
	DataEvents bool
}

// Faults are probabilities per call, from 0 to 1, drawn from the seed.
type Faults struct {
	Throttle    float64 // refused with ThrottlingException, not carried out
	ServerError float64 // answered 500, not carried out
	// LostResponse: carried out, but the answer is lost and the client sees a time-out.
	LostResponse float64
	// LookupPerSecond limits cloudtrail:LookupEvents per region as AWS does with 2; 0 sets no limit.
	LookupPerSecond int
}

// World is one simulated account and the outside accounts that reach into it. It is safe for several goroutines.
type World struct {
	clock *Clock
	opt   Options

	mu       sync.Mutex
	home     *account
	accounts map[string]*account
	keys     map[string]*accessKey // by id, deleted ones too
	sessions map[string]*session   // by access key id
	buckets  map[string]*bucket    // bucket names are global
	origins  map[string]origin
	trail    history
	truth    []Act
	lookups  map[string][]time.Time

	// One generator per purpose: turning faults on must not change the ids.
	ids, jitter, chance, delay, lag *rand.Rand
}

// account is what one AWS account holds.
type account struct {
	id       string
	users    map[string]*user
	roles    map[string]*role
	groups   map[string]*group
	policies map[string]*managed // customer managed, by ARN
	devices  map[string]*device  // virtual MFA, by serial number
	secrets  map[string]*secret  // by ARN
	trails   map[string]*trail   // by ARN
	scps     []*policy.Document
	reported time.Time // when the credential report was made
}

// New makes a world with one account, one administrator and one running multi-region trail.
func New(o Options) *World {
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	}
	if o.Account == "" {
		o.Account = "123456789012"
	}
	if len(o.Regions) == 0 {
		o.Regions = []string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1"}
	}
	if o.Latency == 0 {
		o.Latency = 60 * time.Millisecond
	}
	o.PropagationMin, o.PropagationMax = bounds(o.PropagationMin, o.PropagationMax, time.Second, 6*time.Second)
	o.TrailLagMin, o.TrailLagMax = bounds(o.TrailLagMin, o.TrailLagMax, 2*time.Minute, 15*time.Minute)
	source := func(purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(uint64(o.Seed), purpose)) }
	w := &World{
		clock: &Clock{now: o.Start.UTC()}, opt: o,
		accounts: map[string]*account{}, keys: map[string]*accessKey{}, sessions: map[string]*session{},
		buckets: map[string]*bucket{}, origins: map[string]origin{}, lookups: map[string][]time.Time{},
		ids: source(1), jitter: source(2), chance: source(3), delay: source(4), lag: source(5),
	}
	w.home = w.addAccount(o.Account)
	w.home.addTrail(w, defaultTrail, "us-east-1", archiveBucket(o.Account), true, o.DataEvents)
	w.AddUser(responder, "AdministratorAccess")
	return w
}

// bounds fills both limits where neither is given and keeps the second from lying below the first.
func bounds(low, high, defaultLow, defaultHigh time.Duration) (time.Duration, time.Duration) {
	if low == 0 && high == 0 {
		return defaultLow, defaultHigh
	}
	return low, max(low, high)
}

func (w *World) addAccount(id string) *account {
	a := &account{
		id: id, users: map[string]*user{}, roles: map[string]*role{}, groups: map[string]*group{},
		policies: map[string]*managed{}, devices: map[string]*device{}, secrets: map[string]*secret{},
		trails: map[string]*trail{},
	}
	w.accounts[id] = a
	return a
}

// Clock is the world's time.
func (w *World) Clock() *Clock { return w.clock }

// Account is the id of the simulated account.
func (w *World) Account() string { return w.opt.Account }

// draw gives a duration between both bounds.
func draw(r *rand.Rand, low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(r.Int64N(int64(high-low)+1))
}

// Delivered returns the CloudTrail records the account's trails have delivered by now, in order of delivery, without
// the first from.
func (w *World) Delivered(from int) []json.RawMessage {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	delivered := w.trail.deliveredBy(now)
	if from < 0 || from >= len(delivered) {
		return nil
	}
	out := make([]json.RawMessage, 0, len(delivered)-from)
	for _, r := range delivered[from:] {
		out = append(out, r.json())
	}
	return out
}
