package cloudtrail

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
)

// mostLookups bounds the export: each lookup is asked in every region. What is left out is named.
const mostLookups = 100

// lookup is one question to the history.
type lookup struct {
	Attribute types.LookupAttributeKey `json:"attribute"`
	Value     string                   `json:"value"`
}

// accountOf is the account exported from: the target itself, or a user's.
func accountOf(in action.In[exportParams, struct{}]) string {
	if in.Target.Kind == quell.KindAccount {
		return in.Target.ID
	}
	return cmp.Or(in.Target.Account, in.Incident.Account)
}

// setLookups chooses what to ask for: keys first, for they are the surest.
func (e *exporter) setLookups(in action.In[exportParams, struct{}]) {
	all := chooseLookups(in.Target, in.Incident)
	if len(all) == 0 {
		e.m.Missing = append(e.m.Missing, "event history: the incident knows no key, user or session to look it up by")
	}
	for _, left := range all[min(len(all), mostLookups):] {
		e.m.Missing = append(e.m.Missing, fmt.Sprintf("%s %s: more than %d lookups", left.Attribute, quell.Clean(left.Value), mostLookups))
	}
	e.m.Lookups = all[:min(len(all), mostLookups)]
}

// chooseLookups takes every key and name in whatever part: a key that was made is as telling as the one that made it.
func chooseLookups(target quell.Entity, incident quell.Incident) []lookup {
	set := map[lookup]bool{}
	add := func(attribute types.LookupAttributeKey, value string) {
		if value != "" {
			set[lookup{attribute, value}] = true
		}
	}
	for _, entity := range append(slices.Clone(incident.Entities), incident.Subject, target) {
		switch entity.Kind {
		case quell.KindAccessKey:
			add(types.LookupAttributeKeyAccessKeyId, entity.ID)
		case quell.KindUser, quell.KindFederated, quell.KindSession:
			add(types.LookupAttributeKeyUsername, nameOf(entity))
		case quell.KindRoot:
			add(types.LookupAttributeKeyUsername, "root")
		}
	}
	// What is no principal is found by what was done to it.
	switch subject := incident.Subject; subject.Kind {
	case quell.KindRole, quell.KindBucket, quell.KindSecret, quell.KindInstance, quell.KindGroup, quell.KindPolicy:
		add(types.LookupAttributeKeyResourceName, cmp.Or(subject.Name, subject.ID))
		add(types.LookupAttributeKeyResourceName, subject.ARN)
	}
	out := make([]lookup, 0, len(set))
	for l := range set {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b lookup) int {
		return cmp.Or(cmp.Compare(a.Attribute, b.Attribute), cmp.Compare(a.Value, b.Value))
	})
	return out
}

// nameOf is the name by which the history knows a principal: of a session that is what stands after the colon of its id.
func nameOf(e quell.Entity) string {
	if e.Name != "" {
		return e.Name
	}
	for _, s := range []string{e.ARN, e.ID} {
		if i := strings.LastIndexAny(s, "/:"); i >= 0 {
			return s[i+1:]
		}
	}
	return ""
}

// regionName is what AWS calls a region. A region becomes part of a host's name, so nothing else may pass.
var regionName = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$`)

// setRegions takes the regions asked for, or all that are enabled.
func (e *exporter) setRegions(ctx context.Context, asked []string) error {
	for _, region := range asked {
		if !regionName.MatchString(region) {
			return &quell.Error{
				Code: quell.CodeUsage, What: fmt.Sprintf("%q is no region", region), Next: "give names such as eu-west-1 in the parameter regions",
			}
		}
	}
	if len(asked) == 0 {
		out, err := ec2.NewFromConfig(e.cfg).DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
		switch {
		case err == nil:
			for _, r := range out.Regions {
				if name := aws.ToString(r.RegionName); regionName.MatchString(name) {
					asked = append(asked, name)
				}
			}
		case e.miss("the list of regions, so that only "+e.cfg.Region+" and us-east-1 are read", err):
			asked = []string{e.cfg.Region, "us-east-1"}
		default:
			return fmt.Errorf("list regions: %w", err)
		}
	}
	e.m.Regions = slices.Compact(slices.Sorted(slices.Values(asked)))
	return nil
}

// fileName keeps what is harmless in a path and replaces the rest; where it replaced something a hash keeps two names apart.
func fileName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_+=,.@-", r) {
			return r
		}
		return '_'
	}, name)
	const longest = 100 // names of sessions are 64 characters at most, but logs are hostile
	if clean == name && len(clean) <= longest && strings.Trim(clean, ".") != "" {
		return clean
	}
	return clean[:min(len(clean), longest)] + "-" + quell.ShortHash(8, name)
}
