package scope

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/source/trail"
)

// identifyKey finds whose key it is. IAM knows long-term keys that exist; the trail knows every key that was used in the
// last 90 days, deleted and temporary ones too.
func (r Reader) identifyKey(ctx context.Context, me self, id string) ([]quell.Entity, error) {
	if err := r.checkAccount(ctx, me, id); err != nil {
		return nil, err
	}
	if strings.HasPrefix(id, "ASIA") {
		return r.identifyByTrail(ctx, me, id, "")
	}
	name, refusal, err := r.keyOwner(ctx, me, id)
	if err != nil {
		return nil, err
	}
	// The root user has keys and no name that IAM could be asked for; the trail calls it by its type.
	if !nameShape.MatchString(name) {
		if name != "" {
			refusal = "IAM gives it to " + quell.Cut(name, 64) + ", who is no user"
		}
		return r.identifyByTrail(ctx, me, id, refusal)
	}
	user, found, err := r.user(ctx, me, name)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, nowhere("user "+name+", to whom IAM says that "+id+" belongs", me)
	}
	return []quell.Entity{user, keyOf(id, user)}, nil
}

func keyOf(id string, owner quell.Entity) quell.Entity {
	return quell.Entity{Kind: quell.KindAccessKey, ID: id, Account: owner.Account, Part: quell.PartActor, Of: owner.ID}
}

// checkAccount refuses a key of another account at once. Where STS does not tell, IAM's answer decides later: it knows
// its own account's keys only.
func (r Reader) checkAccount(ctx context.Context, me self, id string) error {
	cfg, err := r.Config(ctx, r.home())
	if err != nil {
		return fmt.Errorf("configure %s: %w", r.home(), err)
	}
	out, err := sts.NewFromConfig(cfg).GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{AccessKeyId: &id})
	switch code := call.Code(err); {
	case code == "ValidationError" || code == "InvalidInput":
		return &quell.Error{Code: quell.CodeUsage, What: "STS says that " + id + " is no access key id", Err: err, Next: "check the spelling"}
	case notAvailable(code) || call.Denied(code):
		return nil
	case err != nil:
		return explain("sts:GetAccessKeyInfo", "tell whose account "+id+" is of", me, err)
	}
	if account := aws.ToString(out.Account); account != "" && account != me.account {
		return wrongAccount("access key "+id, account, me)
	}
	return nil
}

// keyOwner is the name of the user a long-term key belongs to, "" where IAM does not know the key. Asked for a key that does not
// exist IAM says AccessDenied, just as for a permission that is missing; refusal then says what cannot be ruled out.
func (r Reader) keyOwner(ctx context.Context, me self, id string) (name, refusal string, err error) {
	cfg, err := r.Config(ctx, r.home())
	if err != nil {
		return "", "", fmt.Errorf("configure %s: %w", r.home(), err)
	}
	client := iam.NewFromConfig(cfg)
	out, err := client.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &id})
	switch {
	case err == nil:
		return aws.ToString(out.UserName), "", nil
	case absent(err):
		return "", "", nil
	case !call.Denied(call.Code(err)):
		return "", "", explain("iam:GetAccessKeyLastUsed", "tell whose key "+id+" is", me, err)
	}
	refusal = "the permission iam:GetAccessKeyLastUsed may be missing"
	if strings.HasPrefix(me.key, "AKIA") && me.key != id {
		// Our own key certainly exists: an answer about it proves the permission.
		if _, err := client.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &me.key}); err == nil {
			refusal = ""
		}
	}
	return "", refusal, nil
}

// errFound stops a search at its first hit.
var errFound = errors.New("found")

// identifyByTrail takes the principal from any act the key signed, or from the act that made it.
func (r Reader) identifyByTrail(ctx context.Context, me self, id, refusal string) ([]quell.Entity, error) {
	g, err := r.survey(ctx)
	if err != nil {
		return nil, err
	}
	var found []quell.Entity
	var coverage trail.Coverage
	for _, attribute := range []string{"AccessKeyId", "ResourceName"} {
		// No limit in time: the event history ends by itself, after 90 days (CloudTrail user guide).
		query := trail.Query{Attribute: attribute, Value: id, Regions: g.regions}
		coverage, err = g.lookup.Each(ctx, query, func(_ string, raw []byte) error {
			event, err := quell.ReadCloudTrail(raw)
			if err != nil {
				return nil // this search needs one record that can be read, not all
			}
			if found = holderOf(id, event); found != nil {
				return errFound
			}
			return nil
		})
		if found != nil {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("look for %s in the event history: %w", id, err)
		}
	}
	return nil, notInTrail(id, refusal, me, g, coverage)
}

// holderOf is the principal behind a key that signed an event or was made by it; nil if neither.
func holderOf(id string, event quell.Event) []quell.Entity {
	if event.Actor.AccessKey == id {
		list := event.Actor.Entities()
		for i := range list {
			if list[i].Kind == quell.KindRole {
				list[i].Part = quell.PartUsed // the session acts; the role is its means
			}
		}
		return list
	}
	at := slices.IndexFunc(event.Resources, func(e quell.Entity) bool {
		return e.Kind == quell.KindAccessKey && e.ID == id && e.Part == quell.PartMade
	})
	if at < 0 {
		return nil
	}
	key := event.Resources[at]
	key.Part = quell.PartActor
	for _, holder := range event.Resources {
		if holder.ID == key.Of && holder.Kind != quell.KindAccessKey {
			holder.Part = quell.PartActor
			return []quell.Entity{holder, key}
		}
	}
	return nil
}

func notInTrail(id, refusal string, me self, g ground, coverage trail.Coverage) error {
	// IAM's word on a long-term key stands by itself; the history could only have told whose it was before it was deleted.
	denied := strings.HasPrefix(id, "AKIA") && refusal == ""
	switch {
	case denied:
	case len(coverage.Read) == 0 && len(coverage.Refused) == 0:
		return &quell.Error{
			Code: quell.CodeFailed, What: "cannot tell whose key " + id + " is: cloudtrail:LookupEvents is not available at this endpoint",
			Next: "respond to the user, role or session it belongs to",
		}
	case len(coverage.Refused) > 0 && len(coverage.Read) == 0:
		return &quell.Error{
			Code: quell.CodeFailed, What: "cannot tell whose key " + id + " is: cloudtrail:LookupEvents: " + coverage.Refused[0].Why,
			Next: "allow cloudtrail:LookupEvents to " + me.arn + ", or respond to the user, role or session it belongs to",
		}
	}
	// Otherwise only where nothing was in the way may it be said that the key does not exist.
	doubts := slices.Sorted(maps.Values(g.blind))
	for _, region := range slices.Concat(coverage.Refused, coverage.Unavailable) {
		doubts = append(doubts, region.Region+": "+region.Why)
	}
	if g.gone {
		doubts = append(doubts, "cloudtrail:LookupEvents is not available at this endpoint")
	}
	if refusal != "" {
		doubts = append(doubts, refusal)
	}
	what := "exists nowhere: " + id
	if len(doubts) > 0 && !denied {
		what = "was not found: " + id
	}
	what += fmt.Sprintf("; searched account %s and the event history of %d regions over 90 days", me.account, len(coverage.Read))
	if len(doubts) > 0 {
		what += "; not seen: " + quell.Cut(strings.Join(doubts, "; "), 600)
	}
	return &quell.Error{Code: quell.CodeFailed, What: what, Next: "check the account or profile; an act of the last 15 minutes may not show yet"}
}
