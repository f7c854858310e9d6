package main

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/source/metrics"
	"github.com/quell-ir/quell/source/trail"
)

// metricsBack is how far back metrics are read unless --since says otherwise: ListMetrics tells what was alive then, so that
// nothing is paid for what is gone.
const metricsBack = 3 * time.Hour

// metricsMost is the longest time judged. CloudWatch keeps minutes for fifteen days; beyond a day the days before a flood
// would be days of the flood.
const metricsMost = 24 * time.Hour

// huntMetrics judges CloudWatch's metrics of all enabled regions for denial of service.
func (c *HuntCmd) huntMetrics(ctx context.Context, m *Main, hunter *hunt.Hunter, base aws.Config) (hunt.Result, error) {
	since, until := c.window.since, c.window.until
	if until.IsZero() {
		until = c.started
	}
	if since.IsZero() {
		since = until.Add(-metricsBack)
	}
	if until.Sub(since) > metricsMost {
		return hunt.Result{}, &quell.Error{Code: quell.CodeUsage, What: "--metrics judges a day at most", Next: "give --since and --until, a day apart or less"}
	}
	config := func(region string) aws.Config {
		cfg := base.Copy()
		cfg.Region = region
		return cfg
	}
	regions, why := m.cli.Regions, ""
	if len(regions) == 0 {
		var err error
		if regions, why, err = (trail.Lookup{Config: config, Clock: m.Clock, Home: base.Region}).Regions(ctx); err != nil {
			return hunt.Result{}, err
		}
	}
	account := ""
	who, err := sts.NewFromConfig(base).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err == nil {
		account = aws.ToString(who.Account)
	} else if ctx.Err() != nil {
		return hunt.Result{}, ctx.Err()
	} // without it resources go by their names; whether metrics may be read, CloudWatch says itself
	m.say("reading metrics since %s in %d regions, read-only; AWS bills GetMetricData by the metrics asked for", since.UTC().Format(time.RFC3339), len(regions))
	defer c.watch(m, hunter, unknown)()
	return hunter.Metrics(ctx, metrics.Reader{Config: config, Clock: m.Clock}, since, until, regions, account, why)
}
