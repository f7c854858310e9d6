package source

import (
	"cmp"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// accessAnalyzer reads a finding of IAM Access Analyzer: of GetFinding, of the newer GetFindingV2 with its details in a list, or
// of the EventBridge event. Access by everybody is high, by another account medium, and access that nobody uses low: Access
// Analyzer itself grades nothing.
func (s *subjectReader) accessAnalyzer(n node, env envelope) error {
	if status := strings.ToUpper(n.str("status")); status == "ARCHIVED" || status == "RESOLVED" || n["isdeleted"] == true {
		s.quiet("Access Analyzer finding", "Access Analyzer findings")
		return nil
	}
	details := n
	if list := n.list("findingdetails"); len(list) > 0 {
		details = list[0].obj("externalaccessdetails")
	}
	kind := cmp.Or(n.str("findingtype"), "ExternalAccess")
	public, _ := cmp.Or(details["ispublic"], n["ispublic"]).(bool)
	id, region := n.str("resource"), cmp.Or(n.str("region"), env.str("region"))
	f := quell.Finding{
		ID: n.str("id"), Rule: kind, Source: "access-analyzer", Severity: quell.Low, Region: region,
		Account: cmp.Or(n.str("resourceowneraccount", "accountid"), env.str("account")), Time: n.time("updatedat", "analyzedat", "createdat"),
		Entities: []quell.Entity{resourceEntity(n.str("resourcetype"), id, "", region)},
	}
	switch actions := strings.Join(details.strings("action"), ", "); {
	case !strings.EqualFold(kind, "ExternalAccess"):
		f.Title = kind + ": " + id
		f.Why = "IAM Access Analyzer found access that is not needed or not expected"
	case public:
		f.Severity, f.Title, f.Techniques = quell.High, id+" is open to everybody", []string{"T1530"}
		f.Why = "anybody may " + cmp.Or(actions, "use it")
	default:
		f.Severity, f.Title, f.Techniques = quell.Medium, id+" is open to another account", []string{"T1199"}
		f.Why = "principals outside of the zone of trust may " + cmp.Or(actions, "use it")
	}
	f.Entities = append(f.Entities, outsiders(details.obj("principal"))...)
	s.keep(f, env, "Access Analyzer finding", "Access Analyzer findings")
	return nil
}

// outsiders are the principals that were let in: an account's number, an ARN, or a star, which is nobody in particular.
func outsiders(principal node) []quell.Entity {
	var out []quell.Entity
	for kind := range principal {
		for _, who := range principal.strings(kind) {
			switch {
			case strings.HasPrefix(who, "arn:"):
				e := quell.EntityOfARN(who)
				e.Part = quell.PartUsed
				out = append(out, e)
			case len(who) == 12 && strings.Trim(who, "0123456789") == "":
				out = append(out, quell.Entity{Kind: quell.KindAccount, ID: who, Account: who, Part: quell.PartUsed})
			}
		}
	}
	slices.SortFunc(out, func(a, b quell.Entity) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
