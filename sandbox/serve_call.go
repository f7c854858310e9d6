package sandbox

import (
	"time"

	"github.com/aws/smithy-go"

	"github.com/quell-ir/quell/sandbox/policy"
)

// call is one request on its way through the account. It is used under the world's lock only.
type call struct {
	w         *World
	arrival   arrival
	region    string
	now       time.Time
	operation *operation
	caller    caller
	// account is where the call acts: the caller's, or the one that owns the role or bucket.
	account  *account
	target   target
	decision policy.Decision
	// effective is when a write made by this call takes hold, drawn once at the first use.
	effectiveAt time.Time
	// noted is what the operation wants in additionalEventData, and issued the credentials it made.
	issued string
}

// serve answers one attempt. Time passes before anything is judged, so that an adversary's event due in the meantime
// comes first, as it would on a network.
func (w *World) serve(a arrival, in any) (result any, requestID string, err error) {
	now := w.clock.advance(w.latency())
	w.mu.Lock()
	defer w.mu.Unlock()
	requestID = newUUID(w.ids)
	c := &call{w: w, arrival: a, region: a.region, now: now, account: w.home}
	c.operation = operations()[a.service+"."+a.operation]
	if c.operation == nil {
		return nil, requestID, &smithy.GenericAPIError{
			Code:    "NotImplemented",
			Message: "the sandbox does not answer " + a.service + ":" + a.operation + "; see docs of package sandbox for what it does",
			Fault:   smithy.FaultServer,
		}
	}
	if err := w.fault(a); err != nil {
		return nil, requestID, err
	}
	c.caller, err = w.identify(a, now)
	if c.caller.account != nil {
		c.account = c.caller.account
	}
	c.target = c.operation.target(c, in)
	c.settleAccount()
	if err != nil {
		// Refused at the front door: the account never hears of it, only the oracle does.
		w.witness(c, err)
		return nil, requestID, err
	}
	c.use()
	result, err = c.answer(in)
	w.witness(c, err)
	w.record(c, in, result, err, requestID)
	if err == nil && w.roll(w.opt.Faults.LostResponse) {
		return nil, requestID, errLost
	}
	return result, requestID, err
}

func (c *call) answer(in any) (any, error) {
	if err := c.caller.restricted(c.arrival); err != nil {
		return nil, err
	}
	if err := c.authorize(); err != nil {
		return nil, err
	}
	return c.operation.run(c, in)
}

// settleAccount finds the account the call acts in: a bucket or role may lie in another than the caller's.
func (c *call) settleAccount() {
	switch c.operation.service {
	case "S3":
		if b := c.w.bucketOf(c.target.arn); b != nil {
			c.account = b.account
		}
	case "STS":
		if r := c.w.roleByARN(c.target.arn); r != nil {
			c.account = r.account
		}
	}
}

// use notes the last use of a key or role, which responders read to learn what breaks.
func (c *call) use() {
	switch {
	case c.caller.key != nil:
		k := c.caller.key
		k.usedAt, k.usedService, k.usedRegion = c.now, actionPrefix(c.arrival.service), c.recordedRegion()
	case c.caller.role != nil:
		c.caller.role.usedAt, c.caller.role.usedRegion = c.now, c.recordedRegion()
	}
}

// effective is when this call's writes are enforced; all writes of one call take hold together.
func (c *call) effective() time.Time {
	if c.effectiveAt.IsZero() {
		c.effectiveAt = c.w.effective(c.now)
	}
	return c.effectiveAt
}

// spread publishes principals changed by this call.
func (c *call) spread(p *principal) { c.account.spread(p, c.effective()) }

func (w *World) latency() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	quarter := w.opt.Latency / 4
	return draw(w.jitter, w.opt.Latency-quarter, w.opt.Latency+quarter)
}

func (w *World) roll(p float64) bool { return p > 0 && w.chance.Float64() < p }

// fault draws the faults that strike before the call is carried out.
func (w *World) fault(a arrival) error {
	f := w.opt.Faults
	if w.roll(f.Throttle) {
		return throttled(a.service)
	}
	if w.roll(f.ServerError) {
		return &smithy.GenericAPIError{
			Code: "InternalFailure", Fault: smithy.FaultServer,
			Message: "The request processing has failed because of an unknown error, exception or failure.",
		}
	}
	if f.LookupPerSecond > 0 && a.operation == "LookupEvents" {
		return w.limitLookups(a.region, f.LookupPerSecond)
	}
	return nil
}

func throttled(service string) error {
	switch {
	case service == "S3":
		return apiError("SlowDown", "Please reduce your request rate.")
	case service == "EC2":
		return apiError("RequestLimitExceeded", "Request limit exceeded.")
	case isJSONService(service):
		return apiError("ThrottlingException", "Rate exceeded")
	}
	return apiError("Throttling", "Rate exceeded")
}

// limitLookups keeps the instants of the last second's lookups in a region.
func (w *World) limitLookups(region string, most int) error {
	now := w.clock.Now()
	recent := w.lookups[region][:0]
	for _, t := range w.lookups[region] {
		if now.Sub(t) < time.Second {
			recent = append(recent, t)
		}
	}
	w.lookups[region] = recent
	if len(recent) >= most {
		return throttled("CloudTrail")
	}
	w.lookups[region] = append(recent, now)
	return nil
}
