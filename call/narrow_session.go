package call

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// sessionLimit is what an inline session policy may hold. Source: STS API reference, AssumeRole, Policy.
const sessionLimit = 2048

// SessionPolicy is the policy under which a responder's session may make these calls and nothing else.
func (c Catalogue) SessionPolicy(account string, calls []quell.Call) (string, error) {
	type statement struct {
		Effect, Action, Resource any
	}
	byResource := map[string][]string{}
	add := func(op string, input json.RawMessage) {
		d, ok := c[op]
		if !ok {
			return
		}
		key := strings.Join(resources(account, op, input), "\n")
		for _, a := range d.Actions {
			if !slices.Contains(byResource[key], a) {
				byResource[key] = append(byResource[key], a)
			}
		}
	}
	for _, k := range calls {
		for n := 0; n <= len(k.Else); n++ {
			way, _ := k.Way(n)
			add(way.Op, way.Input)
		}
	}
	var statements []statement
	for key := range byResource {
		// A name from a finding may hold a wildcard or a policy variable, and would widen the session.
		if names := strings.NewReplacer("/*/", "/", "arn:*:", "").Replace(key); key != "*" && strings.ContainsAny(names, "*?$") {
			return "", fmt.Errorf("the name in %s would widen the session policy", quell.Cut(key, 200))
		}
	}
	for _, key := range sortedKeys(byResource) {
		slices.Sort(byResource[key])
		statements = append(statements, statement{"Allow", byResource[key], strings.Split(key, "\n")})
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		return "", err
	}
	if len(text) > sessionLimit {
		return "", fmt.Errorf("the session policy for %d calls has %d characters, and AWS takes %d", len(calls), len(text), sessionLimit)
	}
	return string(text), nil
}

// resources are the ARNs that an input names; * where it names none that Quell knows how to spell. Source of which
// resource an operation is authorised on: Service Authorization Reference; group operations name the group even where
// they name a user too.
func resources(account, op string, input json.RawMessage) []string {
	var in struct{ UserName, RoleName, GroupName, Bucket, Key, SecretId string } //nolint:revive // AWS's spelling
	if json.Unmarshal(input, &in) != nil {
		return []string{"*"}
	}
	iam := "arn:*:iam::" + account + ":"
	switch {
	case Service(op) == "iam" && in.GroupName != "":
		return []string{iam + "group/" + in.GroupName, iam + "group/*/" + in.GroupName}
	case Service(op) == "iam" && in.UserName != "":
		return []string{iam + "user/" + in.UserName, iam + "user/*/" + in.UserName}
	case Service(op) == "iam" && in.RoleName != "":
		return []string{iam + "role/" + in.RoleName, iam + "role/*/" + in.RoleName}
	case Service(op) == "s3" && in.Bucket != "" && in.Key != "":
		return []string{"arn:*:s3:::" + in.Bucket + "/" + in.Key}
	case Service(op) == "s3" && in.Bucket != "":
		return []string{"arn:*:s3:::" + in.Bucket}
	case Service(op) == "secretsmanager" && strings.HasPrefix(in.SecretId, "arn:"):
		return []string{in.SecretId}
	}
	return []string{"*"}
}
