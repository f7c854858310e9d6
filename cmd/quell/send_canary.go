package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/sync/errgroup"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/hunt"
)

// HeartFlags are hunt's flags about whether the logs that it follows still come.
type HeartFlags struct {
	Heartbeat     time.Duration `help:"With --follow, find it when the logs fall silent for so long (15m): Quell makes a call of its own every third of it, sts:GetCallerIdentity, and waits for its record." env:"QUELL_HEARTBEAT"`
	CanaryRegions []string      `help:"Regions to make the calls of --heartbeat in; the home region by default." env:"QUELL_CANARY_REGIONS" placeholder:"REGION"`
	NoCanary      bool          `help:"Have --heartbeat make no call: any record at all is a sign of life." env:"QUELL_NO_CANARY"`
}

// shortestBeat is the least span of a heartbeat: a call every third of it must not be a burden.
const shortestBeat = time.Second

// check refuses flags that mean nothing.
func (c *HeartFlags) check(follow bool) error {
	usage := func(what, next string) error {
		return &quell.Error{Code: quell.CodeUsage, What: what, Next: next}
	}
	switch {
	case c.Heartbeat == 0 && (len(c.CanaryRegions) > 0 || c.NoCanary):
		return usage("--canary-regions and --no-canary belong to --heartbeat", "add --heartbeat 15m")
	case c.Heartbeat == 0:
		return nil
	case c.Heartbeat < shortestBeat:
		return usage("--heartbeat is shorter than a second", "CloudTrail takes minutes: write --heartbeat 15m")
	case !follow:
		return usage("--heartbeat belongs to --follow", "a hunt that ends cannot hear a silence")
	case c.NoCanary && len(c.CanaryRegions) > 0:
		return usage("--no-canary and --canary-regions exclude each other", "leave one out")
	}
	return nil
}

// rules are those that a program needs to hear its own calls.
func (c *HeartFlags) rules() ([]*detect.Rule, error) {
	if c.Heartbeat == 0 || c.NoCanary {
		return nil, nil
	}
	return hunt.CanaryRule()
}

// heartbeat readies the watch over a hunt that follows; nil where none is asked for.
func (c *HuntCmd) heartbeat(ctx context.Context, m *Main, hunter *hunt.Hunter) (*hunt.Heartbeat, error) {
	if c.Heartbeat == 0 {
		return nil, nil
	}
	b := &hunt.Heartbeat{Span: c.Heartbeat, Place: c.placeName(), Clock: m.Clock, Say: m.say, Debug: func(string, ...any) {}}
	if m.cli.Verbose {
		b.Debug = m.say
	}
	defer b.Watch(hunter)
	if c.NoCanary {
		return b, nil
	}
	base, err := m.awsConfig(ctx)
	if err != nil {
		return nil, err
	}
	who, err := sts.NewFromConfig(base).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	switch {
	case err != nil && c.place == inFiles && ctx.Err() == nil:
		// Files may be followed where there is no account at all.
		m.say("heartbeat: no credentials to make calls with, any record is a sign of life: %s", quell.Cut(err.Error(), 200))
		return b, nil
	case err != nil:
		return nil, &quell.Error{Code: quell.CodeFailed, What: "the heartbeat cannot make its call", Err: err,
			Next: "sign in (aws sso login), set AWS_PROFILE or --profile, or add --no-canary"}
	}
	b.Account, b.Call, b.Regions = aws.ToString(who.Account), callCanary(base), c.CanaryRegions
	if len(b.Regions) == 0 {
		b.Regions = []string{base.Region}
	}
	m.say("heartbeat: sts:GetCallerIdentity in %s every %s, read-only", strings.Join(b.Regions, ", "), c.Heartbeat/3)
	return b, nil
}

// callCanary makes the call. The application id becomes a word of the user agent, which CloudTrail writes down; a regional
// endpoint has its calls in that region's trail.
// Sources: AWS SDKs reference guide, Application ID; IAM user guide, Logging IAM and AWS STS API calls with CloudTrail.
func callCanary(base aws.Config) func(context.Context, string, string) error {
	return func(ctx context.Context, region, word string) error {
		cfg := base.Copy()
		cfg.Region, cfg.AppID = region, word
		if _, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err != nil {
			return fmt.Errorf("sts:GetCallerIdentity: %w", err)
		}
		return nil
	}
}

// placeName is what is followed, for people.
func (c *HuntCmd) placeName() string {
	switch c.place {
	case inQueue:
		return quell.Cut(c.Queue, 100)
	case inTrail:
		return "the event history"
	case inGroup:
		return "log group " + quell.Cut(c.LogGroup, 100)
	}
	return quell.Cut(strings.Join(c.Paths, ", "), 100)
}

// beside runs a heartbeat as long as work goes on. Both record, one at a time.
func beside(ctx context.Context, b *hunt.Heartbeat, hunter *hunt.Hunter, record hunt.Record, work func(context.Context, hunt.Record) error) error {
	if b == nil {
		return work(ctx, record)
	}
	var mu sync.Mutex
	one := func(ctx context.Context, fresh []quell.Finding) error {
		mu.Lock()
		defer mu.Unlock()
		return record(ctx, fresh)
	}
	b.Record = one
	group, ctx := errgroup.WithContext(ctx)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group.Go(func() error {
		defer stop()
		return work(ctx, one)
	})
	group.Go(func() error { return b.Run(ctx, hunter) })
	return group.Wait()
}
