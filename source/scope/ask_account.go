package scope

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/source/trail"
)

// Reader asks one account. Config and Clock must be set. Needed are sts:GetAccessKeyInfo, iam:GetAccessKeyLastUsed,
// iam:GetUser, iam:GetRole, s3:GetBucketLocation, cloudtrail:LookupEvents and ec2:DescribeRegions, each only where the
// question calls for it.
type Reader struct {
	// Config gives the configuration for a region; an error makes that region blind.
	Config func(ctx context.Context, region string) (aws.Config, error)
	Clock  quell.Clock
	// Home is the region asked for what is the same in all; default us-east-1.
	Home string
	// Regions are read; nil reads those that ec2:DescribeRegions says are enabled.
	Regions []string
	// Memory spares a watch from parsing what it has read before; may be nil.
	Memory *Memory
}

func (r Reader) home() string { return cmp.Or(r.Home, "us-east-1") }

// self is who asks.
type self struct{ account, arn, id, key string }

// whoAmI needs no permission, so that it fails means that nothing else would work either.
func (r Reader) whoAmI(ctx context.Context) (self, error) {
	cfg, err := r.Config(ctx, r.home())
	if err != nil {
		return self{}, fmt.Errorf("configure %s: %w", r.home(), err)
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return self{}, explain("sts:GetCallerIdentity", "tell whose credentials these are", self{}, err)
	}
	me := self{account: aws.ToString(out.Account), arn: aws.ToString(out.Arn), id: aws.ToString(out.UserId)}
	if cfg.Credentials != nil {
		// Already got for the call above; only its name is kept.
		if have, err := cfg.Credentials.Retrieve(ctx); err == nil {
			me.key = have.AccessKeyID
		}
	}
	return me, nil
}

// ground is the regions of one reading with their configurations.
type ground struct {
	lookup  trail.Lookup
	regions []string
	// blind says why a region, or a part of the world, cannot be seen.
	blind map[string]string
	// gone says that there is no CloudTrail behind this endpoint at all; regions is empty then.
	gone bool
	// memory is the reader's.
	memory *Memory
}

// survey finds the regions. trail.Lookup takes configurations that cannot fail, so they are made here.
func (r Reader) survey(ctx context.Context) (ground, error) {
	g := ground{blind: map[string]string{}, memory: r.Memory}
	configs := map[string]aws.Config{}
	g.lookup = trail.Lookup{Config: func(region string) aws.Config { return configs[region] }, Clock: r.Clock, Home: r.home()}
	regions := r.Regions
	if len(regions) == 0 {
		cfg, err := r.Config(ctx, r.home())
		if err != nil {
			return g, fmt.Errorf("configure %s: %w", r.home(), err)
		}
		configs[r.home()] = cfg
		var why string
		if regions, why, err = g.lookup.Regions(ctx); err != nil {
			return g, fmt.Errorf("list regions: %w", err)
		}
		if why != "" {
			g.blind["regions"] = why
		}
	}
	for _, region := range slices.Compact(slices.Sorted(slices.Values(regions))) {
		if _, have := configs[region]; !have {
			cfg, err := r.Config(ctx, region)
			if ctx.Err() != nil {
				return g, ctx.Err()
			}
			if err != nil {
				g.blind[region] = quell.Cut("no configuration: "+err.Error(), 300)
				continue
			}
			configs[region] = cfg
		}
		g.regions = append(g.regions, region)
	}
	var err error
	if g.gone, err = r.knock(ctx, g, configs); g.gone {
		g.regions = nil
	}
	return g, err
}

// knock finds out with one request whether anything behind this endpoint answers as CloudTrail. An emulator without it may
// answer 500, which package trail patiently takes for an outage: in every region, to every question, for minutes.
func (r Reader) knock(ctx context.Context, g ground, configs map[string]aws.Config) (gone bool, err error) {
	if len(g.regions) == 0 {
		return false, nil
	}
	region := g.regions[0]
	if slices.Contains(g.regions, r.home()) {
		region = r.home()
	}
	client := cloudtrail.NewFromConfig(configs[region], func(o *cloudtrail.Options) { o.Retryer = aws.NopRetryer{} })
	for try := range 2 {
		// An outage of AWS's own may look the same for a moment.
		if try > 0 {
			if err := r.Clock.Sleep(ctx, time.Second); err != nil {
				return false, err
			}
		}
		_, err := client.LookupEvents(ctx, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1), StartTime: aws.Time(r.Clock.Now())})
		if !notAvailable(call.Code(err)) {
			// Any answer of the service's own will do, a refusal too: what it means is found out region by region.
			return false, ctx.Err()
		}
	}
	return true, nil
}

// explain turns an SDK error into one for people: what could not be found out, which permission is missing, and that an
// endpoint without the operation says nothing about the thing asked for.
func explain(op, what string, me self, err error) error {
	code := call.Code(err)
	switch {
	case notAvailable(code):
		return missing(op, what, err)
	case call.Denied(code) || code == "Forbidden":
		return &quell.Error{
			Code: quell.CodeFailed, What: "cannot " + what + ": the permission " + op + " is missing", Err: err,
			Next: "allow " + op + " to " + cmp.Or(me.arn, "the credentials at hand"),
		}
	case call.Expired(code):
		return &quell.Error{Code: quell.CodeFailed, What: "cannot " + what + ": the credentials at hand are not good (any more)", Err: err, Next: "sign in again"}
	}
	return &quell.Error{Code: quell.CodeFailed, What: "cannot " + what + ": " + op + " failed", Err: err, Next: "try again"}
}

// missing is the error for an endpoint that does not know the operation.
func missing(op, what string, err error) error {
	return &quell.Error{
		Code: quell.CodeFailed, What: "cannot " + what + ": " + op + " is not available at this endpoint", Err: err,
		Next: "this says nothing about whether it exists; ask AWS itself (unset AWS_ENDPOINT_URL)",
	}
}

// notAvailable are the codes of something that is not the service: an emulator without the operation, a proxy.
func notAvailable(code string) bool {
	switch code {
	case call.CodeNotAvailable, "NotImplemented", "NotImplementedException", "InvalidAction", "UnknownOperationException":
		return true
	}
	return false
}
