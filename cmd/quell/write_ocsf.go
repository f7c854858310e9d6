package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
)

// ocsfVersion is the version of the schema that records keep to. Attributes and their numbers are those of schema.ocsf.io
// in that version, class Detection Finding with the cloud profile.
const ocsfVersion = "1.3.0"

// object is a JSON object of which empty members are left out: the schema has no empty strings and no null.
type object map[string]any

// with sets a member and returns the object. Text is cleaned here, once for all: it is hostile wherever it comes from.
func (o object) with(name string, value any) object {
	switch v := value.(type) {
	case string:
		if v = quell.Clean(v); v != "" {
			o[name] = v
		}
	case object:
		if len(v) > 0 {
			o[name] = v
		}
	case []object:
		if len(v) > 0 {
			o[name] = v
		}
	case []string:
		if len(v) > 0 {
			clean := make([]string, len(v))
			for i := range v {
				clean[i] = quell.Clean(v[i])
			}
			o[name] = clean
		}
	case time.Time: // timestamp_t: milliseconds
		if !v.IsZero() {
			o[name] = v.UnixMilli()
		}
	default:
		o[name] = value
	}
	return o
}

// writeHuntOCSF writes OCSF Detection Finding (class 2004) records, one JSON value: a list.
func writeHuntOCSF(w io.Writer, r hunt.Result) error {
	names := hunt.Names()
	out := &listWriter{m: &Main{Stdout: w}}
	writeList(out, "", func(yield func(object) bool) {
		for _, f := range r.Findings {
			if !yield(ocsfFinding(f, names)) {
				return
			}
		}
	})
	if err := out.end(); err != nil {
		return fmt.Errorf("write OCSF: %w", err)
	}
	return nil
}

// ocsfFinding is one record. Of the schema's attributes it has all required ones, and of the others those that Quell knows
// something of; to fill in the rest would be to make it up.
func ocsfFinding(f quell.Finding, names func(string) hunt.Technique) object {
	var span seenSpan
	span.see(f)
	id, severity := ocsfSeverity(f.Severity)
	first := int64(0) // required, even of a finding that no time is known of
	if !span.First.IsZero() {
		first = span.First.UnixMilli()
	}
	o := object{
		"class_uid": 2004, "class_name": "Detection Finding", "category_uid": 2, "category_name": "Findings",
		"activity_id": 1, "activity_name": "Create", "type_uid": 200401, "type_name": "Detection Finding: Create",
		"time": first, "severity_id": id, "severity": severity,
		// Nobody has looked at it yet. Confidence is left out: rules have none that was measured.
		"status_id": 1, "status": "New",
		"metadata": object{
			"version": ocsfVersion, "profiles": []string{"cloud"}, "uid": f.ID,
			"product": object{"name": "Quell", "vendor_name": "Quell", "feature": object{"name": "hunt"}},
		},
		"cloud": object{"provider": "AWS"}.with("region", f.Region).
			with("account", ocsfAccount(f.Account)),
	}
	return o.with("message", f.Title).with("start_time", span.First).with("end_time", span.Last).
		with("finding_info", ocsfInfo(f, span, names)).with("resources", ocsfResources(f)).
		with("evidences", ocsfEvidences(f)).with("observables", ocsfObservables(f)).
		with("unmapped", object{}.with("events", f.Events))
}

func ocsfInfo(f quell.Finding, span seenSpan, names func(string) hunt.Technique) object {
	// The rule's title is the finding's title: a rule has one sentence for what it finds.
	analytic := object{"type_id": 1, "type": "Rule"}.with("uid", f.Rule).with("name", f.Title)
	info := object{}.with("uid", f.ID).with("title", cmp.Or(f.Title, f.Rule)).with("desc", f.Why).with("types", []string{f.Rule}).
		with("analytic", analytic).with("created_time", span.First).with("first_seen_time", span.First).with("last_seen_time", span.Last)
	if f.Source != "" {
		info.with("data_sources", []string{f.Source})
	}
	return info.with("attacks", ocsfAttacks(f, names))
}

// ocsfAttacks has an attack for each tactic that a technique serves: the schema's attack holds one.
func ocsfAttacks(f quell.Finding, names func(string) hunt.Technique) []object {
	var out []object
	for _, id := range f.Techniques {
		t := names(id)
		attack := func(tactic object) object {
			a := object{"version": hunt.AttackVersion + ".0"}.with("tactic", tactic)
			own := object{}.with("uid", t.ID).with("name", t.Name)
			if t.Parent == "" {
				return a.with("technique", own)
			}
			return a.with("technique", object{}.with("uid", t.Parent).with("name", t.ParentName)).with("sub_technique", own)
		}
		for _, tactic := range t.Tactics {
			out = append(out, attack(object{"uid": tactic.ID, "name": tactic.Title}))
		}
		if len(t.Tactics) == 0 {
			out = append(out, attack(nil))
		}
	}
	return out
}

// ocsfSeverity is the schema's severity_id with its caption. 1 is informational, 6 fatal.
func ocsfSeverity(s quell.Severity) (int, string) {
	switch s {
	case quell.Critical:
		return 5, "Critical"
	case quell.High:
		return 4, "High"
	case quell.Medium:
		return 3, "Medium"
	}
	return 2, "Low"
}

// ocsfAccount is an account of AWS, type 10 of the schema's.
func ocsfAccount(id string) object {
	if id == "" {
		return nil
	}
	return object{"type": "AWS Account", "type_id": 10}.with("uid", id)
}

// ocsfType names kinds as AWS names the types of resources.
func ocsfType(kind quell.EntityKind) string {
	switch kind {
	case quell.KindAccount, quell.KindRoot:
		return "AWS::::Account"
	case quell.KindUser:
		return "AWS::IAM::User"
	case quell.KindRole:
		return "AWS::IAM::Role"
	case quell.KindAccessKey:
		return "AWS::IAM::AccessKey"
	case quell.KindGroup:
		return "AWS::IAM::Group"
	case quell.KindPolicy:
		return "AWS::IAM::ManagedPolicy"
	case quell.KindBucket:
		return "AWS::S3::Bucket"
	case quell.KindSecret:
		return "AWS::SecretsManager::Secret"
	case quell.KindInstance:
		return "AWS::EC2::Instance"
	}
	return string(kind)
}

// ocsfResources are the entities that are resources, each once with the parts it plays as labels. Addresses and services are
// none: they stand in the evidence.
func ocsfResources(f quell.Finding) []object {
	var out []object
	at := map[string]int{}
	for _, e := range f.Entities {
		if e.ID == "" || e.Kind == quell.KindIP || e.Kind == quell.KindService {
			continue
		}
		// Whether it was the actor or the target decides what to do with it, and the schema has no attribute for that.
		label := "part:" + cmp.Or(string(e.Part), "named")
		if i, ok := at[e.Key()]; ok {
			out[i]["labels"] = append(out[i]["labels"].([]string), label)
			continue
		}
		at[e.Key()] = len(out)
		// Of is who a key or a session belongs to, which is what an owner is to those who must act on it.
		owner := object{}.with("uid", e.Of).with("account", ocsfAccount(e.Account))
		r := object{}.with("uid", e.ID).with("name", e.Name).with("type", ocsfType(e.Kind)).with("owner", owner).
			with("region", e.Region).with("cloud_partition", partitionOf(e.ARN)).with("labels", []string{label})
		if e.ARN != "" && e.ARN != e.ID {
			r.with("data", object{"arn": quell.Clean(e.ARN)})
		}
		out = append(out, r)
	}
	return out
}

// partitionOf is the second part of an ARN.
func partitionOf(arn string) string {
	rest, ok := strings.CutPrefix(arn, "arn:")
	if !ok {
		return ""
	}
	partition, _, _ := strings.Cut(rest, ":")
	return partition
}
