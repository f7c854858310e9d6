package flood

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// Playbook is the id of the playbook that answers these findings.
const Playbook = "ddos"

// Point is a datapoint. At is the beginning of its period.
type Point struct {
	At    time.Time
	Value float64
}

// Resource is what metrics are about. Minutes holds the datapoints of the time judged by the metric's name, Hours those of
// the days before, an hour each.
type Resource struct {
	Service             Service
	ID, Account, Region string
	Minutes, Hours      map[string][]Point
}

// Window is the time judged. Datapoints outside are left aside.
type Window struct{ Since, Until time.Time }

// Judge finds floods. Findings come sorted by time and id; unknown names what could not be compared, for want of history.
func Judge(resources []Resource, w Window) (findings []quell.Finding, unknown []string) {
	for _, r := range resources {
		j := &judge{r: r, w: w}
		switch r.Service {
		case Shield:
			j.shield()
		case Balancer:
			j.balancer()
			j.traffic(RequestCount, trafficFactor, leastTraffic, "requests", ruleTraffic)
		case WebACL:
			j.traffic(BlockedRequests, blockedFactor, leastBlocked, "blocked requests", ruleBlocked)
		case CloudFront:
			j.distribution()
			j.traffic(Requests, trafficFactor, leastTraffic, "requests", ruleTraffic)
		case APIGateway:
			j.api()
			j.traffic(APICount, trafficFactor, leastTraffic, "requests", ruleTraffic)
		case HealthCheck:
			j.health()
		}
		findings, unknown = append(findings, j.found...), append(unknown, j.unknown...)
	}
	slices.SortFunc(findings, func(a, b quell.Finding) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	slices.Sort(unknown)
	return findings, slices.Compact(unknown)
}

// The rules, by the names that findings carry.
const (
	ruleShield  = "flood-shield"
	ruleErrors  = "flood-errors"
	ruleTraffic = "flood-traffic"
	ruleBlocked = "flood-blocked"
	ruleHealth  = "flood-health"
)

type judge struct {
	r       Resource
	w       Window
	found   []quell.Finding
	unknown []string
}

// minutes are a metric's datapoints by minute, the greatest where one is told twice.
func (j *judge) minutes(metric string) map[int64]float64 {
	out := map[int64]float64{}
	for _, p := range j.r.Minutes[metric] {
		if p.At.Before(j.w.Since) || !p.At.Before(j.w.Until) {
			continue
		}
		m := p.At.Truncate(Step).Unix()
		if have, ok := out[m]; !ok || p.Value > have {
			out[m] = p.Value
		}
	}
	return out
}

// bad is a minute in which something was wrong.
type bad struct {
	at    int64 // of the minute, in seconds since 1970
	value float64
	// against is what the value is judged by: a median, the number of answers.
	against float64
}

// bursts joins bad minutes that lie within a window of each other, and leaves out those of fewer than least minutes in any
// window.
func bursts(list []bad, least int) [][]bad {
	slices.SortFunc(list, func(a, b bad) int { return cmp.Compare(a.at, b.at) })
	const window = int64(badWindow * time.Minute / time.Second)
	var out [][]bad
	var current []bad
	dense := false
	flush := func() {
		if dense {
			out = append(out, current)
		}
		current, dense = nil, false
	}
	for _, b := range list {
		if len(current) > 0 && b.at-current[len(current)-1].at >= window {
			flush()
		}
		current = append(current, b)
		// The window counts whole minutes: five of them reach from 0 to 4.
		if at := len(current) - least; at >= 0 && b.at-current[at].at < window {
			dense = true
		}
	}
	flush()
	return out
}

// shield takes Shield's word, which has been weighed already.
func (j *judge) shield() {
	var list []bad
	for at, value := range j.minutes(DDoSDetected) {
		if value > 0 {
			list = append(list, bad{at: at, value: value})
		}
	}
	for _, burst := range bursts(list, 1) {
		j.add(ruleShield, burst, quell.High, "AWS Shield sees a denial-of-service attack", "T1498", "Shield's DDoSDetected stood above 0")
	}
}

// balancer judges the errors that the balancer itself answers with. RequestCount holds only requests that found a target, so
// that these errors are no part of it.
func (j *judge) balancer() {
	errors, requests := j.minutes(BalancerErrors), j.minutes(RequestCount)
	var list []bad
	for at, failed := range errors {
		list = appendShare(list, at, failed, failed+requests[at])
	}
	j.errors(list)
}

// distribution judges CloudFront's rate, which is in percent. Without the number of requests it means nothing.
func (j *judge) distribution() {
	requests := j.minutes(Requests)
	var list []bad
	for at, percent := range j.minutes(ErrorRate) {
		if all, ok := requests[at]; ok {
			list = appendShare(list, at, all*percent/100, all)
		}
	}
	j.errors(list)
}

func (j *judge) api() {
	requests := j.minutes(APICount)
	var list []bad
	for at, failed := range j.minutes(APIErrors) {
		if all, ok := requests[at]; ok {
			list = appendShare(list, at, failed, all)
		}
	}
	j.errors(list)
}

func appendShare(list []bad, at int64, failed, all float64) []bad {
	if all >= leastRequests && failed > errorShare*all {
		list = append(list, bad{at, failed, all})
	}
	return list
}

func (j *judge) errors(list []bad) {
	for _, burst := range bursts(list, badMinutes) {
		worst := slices.MaxFunc(burst, func(a, b bad) int {
			return cmp.Or(cmp.Compare(a.value/a.against, b.value/b.against), cmp.Compare(b.at, a.at))
		})
		j.add(ruleErrors, burst, quell.High, "Errors in a large part of the answers", "T1499", fmt.Sprintf(
			"up to %.0f %% of %.0f answers a minute were errors of the service (5xx), at %s; more than %.0f %% in %d of %d minutes counts",
			100*worst.value/worst.against, worst.against, clock(worst.at), 100*errorShare, badMinutes, badWindow))
	}
}

// health judges a check that says no. A minute without a word says nothing.
func (j *judge) health() {
	var list []bad
	for at, status := range j.minutes(CheckStatus) {
		if status == 0 {
			list = append(list, bad{at: at})
		}
	}
	for _, burst := range bursts(list, badMinutes) {
		j.add(ruleHealth, burst, quell.Medium, "A health check fails", "T1499", fmt.Sprintf("Route 53 found the endpoint unhealthy in %d minutes; it may be a fault as well as an attack", len(burst)))
	}
}

// add makes the finding of a burst. The time is its first minute, and so is the id: a burst that is still going on keeps it.
func (j *judge) add(rule string, burst []bad, severity quell.Severity, title, technique, why string) {
	first, last := burst[0].at, burst[len(burst)-1].at
	entity := j.entity()
	j.found = append(j.found, quell.Finding{
		ID: "f-" + quell.ShortHash(16, rule, entity.Key(), clock(first)), Rule: rule, Title: title + ": " + quell.Cut(cmp.Or(entity.Name, entity.ID), 80),
		Severity: severity, Techniques: []string{technique}, Time: time.Unix(first, 0).UTC(), Account: entity.Account, Region: j.r.Region,
		Entities: []quell.Entity{entity}, Events: []string{}, Source: "quell",
		Why: strings.ToUpper(why[:1]) + why[1:] + fmt.Sprintf("; from %s to %s. Playbook: %s.", clock(first), clock(last+int64(Step/time.Second)), Playbook),
	})
}

func clock(at int64) string { return time.Unix(at, 0).UTC().Format("2006-01-02T15:04Z") }

// entity is the resource by its ARN where the metric's dimension tells enough to write one.
func (j *judge) entity() quell.Entity {
	r := j.r
	e := quell.Entity{Kind: quell.KindResource, Name: quell.Clean(r.ID), Account: r.Account, Region: r.Region, Part: quell.PartTarget}
	partition := "aws"
	switch {
	case strings.HasPrefix(r.Region, "cn-"):
		partition = "aws-cn"
	case strings.HasPrefix(r.Region, "us-gov-"):
		partition = "aws-us-gov"
	}
	switch r.Service {
	case Shield:
		if strings.HasPrefix(r.ID, "arn:") {
			arn := quell.EntityOfARN(r.ID)
			arn.Part = quell.PartTarget
			return arn
		}
	case Balancer:
		e.ARN = fmt.Sprintf("arn:%s:elasticloadbalancing:%s:%s:loadbalancer/%s", partition, r.Region, r.Account, r.ID)
	case CloudFront:
		e.ARN = fmt.Sprintf("arn:%s:cloudfront::%s:distribution/%s", partition, r.Account, r.ID)
	case HealthCheck:
		e.ARN = fmt.Sprintf("arn:%s:route53:::healthcheck/%s", partition, r.ID)
	}
	// An ARN without its account would be another resource's.
	if r.Account == "" && r.Service != HealthCheck {
		e.ARN = ""
	}
	e.ID = cmp.Or(e.ARN, string(r.Service)+"/"+r.Region+"/"+r.ID)
	return e
}
