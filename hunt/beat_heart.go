package hunt

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detect/pulse"
)

// canaryRecord is the rule that recognises the records of own calls.
const canaryRecord = "quell-canary"

// CanaryAgent begins the word in the user agent of own calls; the rest of it is used once.
const CanaryAgent = "quell-canary-"

const canaryRule = `title: Call of the heartbeat
id: ` + canaryRecord + `
logsource: {product: aws, service: cloudtrail}
level: informational
detection:
  call:
    eventSource: sts.amazonaws.com
    eventName: GetCallerIdentity
    userAgent|contains: ` + CanaryAgent + `
  condition: call
`

// CanaryRule is the rule that a program needs for a Heartbeat to hear its own calls.
func CanaryRule() ([]*detect.Rule, error) {
	rules, problems := detect.Parse(canaryRecord, []byte(canaryRule))
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return rules, nil
}

// Heartbeat watches whether the logs that a hunt follows still come: it makes calls of its own and waits for their records.
type Heartbeat struct {
	Span time.Duration
	// Place is what is followed, for people; Account is that of the calls.
	Place, Account string
	// Call makes a call in a region with a word in its user agent: nil where any record is a sign of life. Regions are
	// those it is made in.
	Call    func(ctx context.Context, region, word string) error
	Regions []string
	Clock   quell.Clock
	// Record keeps the finding of a silence, Say tells people, Debug those who want to know how long records take.
	Record     Record
	Say, Debug func(format string, args ...any)

	judges map[string]*pulse.Judge // by region; "" where any record counts
	events int64                   // that the hunt had judged when it was looked at last
	failed map[string]string       // by region, why calls fail
}

// Watch readies a Heartbeat for what the hunter hears. It must be called before anything is read.
func (b *Heartbeat) Watch(h *Hunter) {
	b.judges, b.failed = map[string]*pulse.Judge{}, map[string]string{}
	if b.Call == nil {
		b.Regions = []string{""}
	}
	for _, region := range b.Regions {
		b.judges[region] = pulse.New(b.Span, b.Call != nil, b.Clock.Now())
	}
	h.heart = b
}

// hear takes the record of an own call, or of one that passes for it.
func (b *Heartbeat) hear(raw []byte) {
	var r struct {
		UserAgent string    `json:"userAgent"`
		Region    string    `json:"awsRegion"`
		Time      time.Time `json:"eventTime"`
	}
	if json.Unmarshal(raw, &r) != nil {
		return // a record like no call of ours
	}
	_, word, _ := strings.Cut(r.UserAgent, CanaryAgent)
	word, _, _ = strings.Cut(strings.TrimRight(word, "]"), " ")
	j := b.judges[r.Region]
	if j == nil {
		return
	}
	if delay, ok := j.Heard(word, r.Time, b.Clock.Now()); ok {
		half, worst := j.Delay()
		b.Debug("heartbeat of %s: a record took %s; half of the last ones %s or less, the worst %s", r.Region, pulse.Short(delay), pulse.Short(half), pulse.Short(worst))
	}
}

// Run makes the calls and tells silence and its end, until the context ends, which is no error. The error is Record's.
func (b *Heartbeat) Run(ctx context.Context, h *Hunter) error {
	var due time.Time
	for ctx.Err() == nil {
		now := b.Clock.Now()
		if b.Call != nil && !now.Before(due) {
			for _, region := range b.Regions {
				b.call(ctx, region)
			}
			due = now.Add(b.Span / 3)
		}
		if n := h.judged(); n != b.events {
			b.events = n
			for _, j := range b.judges {
				j.Any(now)
			}
		}
		if err := b.look(ctx); err != nil {
			return err
		}
		if err := b.Clock.Sleep(ctx, b.Span/15); err != nil {
			return nil
		}
	}
	return nil
}

// callTime is how long a call may take: one that hangs must not keep the others from being judged.
const callTime = 30 * time.Second

// call makes one. That it cannot be made says nothing of the pipeline, and is told, for then nothing does.
func (b *Heartbeat) call(ctx context.Context, region string) {
	word := rand.Text()
	j := b.judges[region]
	j.Sent(word, b.Clock.Now())
	bounded, cancel := context.WithTimeout(ctx, min(callTime, b.Span/3))
	err := b.Call(bounded, region, CanaryAgent+word)
	cancel()
	why := ""
	if err != nil && ctx.Err() == nil {
		j.Failed(word)
		why = err.Error()
	}
	if why != "" && b.failed[region] == "" {
		b.Say("heartbeat of %s: no call can be made, so that nothing is known of the pipeline: %s", region, quell.Cut(why, 300))
	}
	if why == "" && b.failed[region] != "" {
		b.Say("heartbeat of %s: calls are made again", region)
	}
	b.failed[region] = why
}

// look tells what has changed.
func (b *Heartbeat) look(ctx context.Context) error {
	for _, region := range b.Regions {
		n := b.judges[region].Look(b.Clock.Now())
		switch {
		case n.Back:
			b.Say("%s heard again after %s", b.name(region), pulse.Short(n.Gap))
		case n.Silent:
			f := pulse.Pipeline{Place: b.Place, Account: b.Account, Region: region, Span: b.Span, Canary: b.Call != nil}.Finding(n)
			b.Say("%s is silent: %s", b.name(region), f.Why)
			if err := b.Record(ctx, []quell.Finding{f}); err != nil {
				return fmt.Errorf("record that the pipeline is silent: %w", err)
			}
		}
	}
	return nil
}

func (b *Heartbeat) name(region string) string {
	if region == "" || len(b.Regions) == 1 {
		return "pipeline"
	}
	return "pipeline of " + region
}

// judged is how many events were read so far.
func (h *Hunter) judged() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.events
}
