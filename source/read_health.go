package source

import (
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// exposedCodes are Health's event types that say a credential is public or known to be abused.
var exposedCodes = []string{"AWS_RISK_CREDENTIALS_EXPOSED", "AWS_RISK_CREDENTIALS_COMPROMISED", "AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED"}

// abuse reads a complaint that others sent to AWS about this account: a machine of it attacks, scans or sends. AWS expects an
// answer within a day, and whose machine it is knows most often nothing of it.
func (s *subjectReader) abuse(n node, env envelope, code string) error {
	f := quell.Finding{
		ID: n.str("eventarn", "arn"), Rule: code, Source: "health", Severity: quell.High, Title: "AWS passes on a complaint about this account",
		Time: n.time("starttime", "lastupdatedtime"), Account: n.str("affectedaccount"), Region: n.str("eventregion", "region"),
	}
	switch {
	case strings.Contains(code, "DOS"):
		f.Techniques = []string{"T1498"}
	case strings.Contains(code, "SCAN"):
		f.Techniques = []string{"T1046"}
	}
	var text []string
	for _, description := range n.list("eventdescription") {
		text = append(text, description.str("latestdescription"))
	}
	f.Why = strings.Join(text, " ")
	for _, affected := range n.list("affectedentities") {
		value, kind := affected.str("entityvalue"), ""
		if strings.HasPrefix(value, "i-") {
			kind = "AwsEc2Instance"
		}
		e := resourceEntity(kind, value, "", f.Region)
		// What is complained about did something, whoever made it do so.
		e.Part = quell.PartActor
		f.Entities = append(f.Entities, e)
	}
	s.keep(f, env, "complaint about abuse", "complaints about abuse")
	return nil
}

// health reads a Health event about exposed credentials: one finding, with every key that the entities and the text name.
// AWS found the key where anybody can, so there is nothing left to weigh: it is critical.
func (s *subjectReader) health(n node, env envelope) error {
	code := n.str("eventtypecode")
	if strings.HasPrefix(code, "AWS_ABUSE_") {
		return s.abuse(n, env, code)
	}
	// Health tells of many things that are no incident; to take those for one would be worse than to say no.
	if !slices.Contains(exposedCodes, code) {
		return s.unknown("a Health event of type " + quell.Cut(code, 80) + ", which is about neither credentials nor abuse")
	}
	f := quell.Finding{
		ID: n.str("eventarn", "arn"), Rule: code, Source: "health", Severity: quell.Critical, Exposed: true,
		Title: "AWS found a credential of this account exposed", Techniques: []string{"T1552.001", "T1078.004"},
		Time:    n.time("starttime", "lastupdatedtime"),
		Account: n.str("affectedaccount"), Region: n.str("eventregion", "region"),
	}
	var text []string
	for _, description := range n.list("eventdescription") {
		text = append(text, description.str("latestdescription"))
	}
	f.Why = strings.Join(text, " ")
	// Entities are keys in most messages, ARNs of users in some.
	for _, affected := range n.list("affectedentities") {
		value := affected.str("entityvalue")
		if strings.HasPrefix(value, "arn:") {
			e := quell.EntityOfARN(value)
			e.Part = quell.PartActor
			f.Entities = append(f.Entities, e)
			continue
		}
		text = append(text, value)
	}
	text = append(text, n.str("eventmetadata.publickey"))
	account := f.Account
	if account == "" {
		account = env.str("account")
	}
	owner := ""
	if user := n.str("eventmetadata.username"); user != "" {
		named := credential("IAMUser", "", user, "", account)
		f.Entities = append(f.Entities, named...)
		if len(named) > 0 { // a name without an account makes no ARN
			owner = named[0].ID
		}
	}
	for _, key := range accessKeyID.FindAllString(strings.Join(text, " "), -1) {
		f.Entities = append(f.Entities, quell.Entity{Kind: quell.KindAccessKey, ID: key, Part: quell.PartActor, Of: owner})
	}
	if f.ID != "" {
		// One event may be sent again for another key of the same account: the keys make it another finding.
		parts := []string{f.ID, account}
		for _, e := range quell.MergeEntities(nil, f.Entities) {
			parts = append(parts, e.Key())
		}
		f.ID = "health-" + quell.ShortHash(16, parts...)
	}
	s.keep(f, env, "exposed credential notice", "exposed credential notices")
	return nil
}
