package s3

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/call"
)

// statements is a bucket policy as far as we must know it.
type statements struct {
	// ours is our statement as it stands, canonical; "" where there is none.
	ours string
	// sids names the others' statements, those without a Sid by their place.
	sids map[string]bool
	// allowed are the principals that some statement of theirs lets in, as "AWS: arn".
	allowed map[string]bool
	// size is the length of the others' part, in bytes, as it will be written.
	size int
}

// readStatements takes the bucket's policy apart around the statement named sid.
func readStatements(ctx context.Context, cfg aws.Config, target quell.Entity, sid string) (statements, error) {
	name := nameOf(target)
	out, err := getBucketPolicy.Do(ctx, cfg, &s3.GetBucketPolicyInput{Bucket: &name, ExpectedBucketOwner: ownerOf(target)})
	if call.Code(err) == "NoSuchBucketPolicy" {
		return splitPolicy("", sid)
	}
	if err != nil {
		return statements{}, fmt.Errorf("read policy of bucket %s: %w", name, err)
	}
	s, err := splitPolicy(aws.ToString(out.Policy), sid)
	if err != nil {
		return s, fmt.Errorf("policy of bucket %s: %w", name, err)
	}
	return s, nil
}

// splitPolicy sets our statement apart. The size is counted the way the merged document will be written: compact.
func splitPolicy(text, sid string) (statements, error) {
	out := statements{sids: map[string]bool{}, allowed: map[string]bool{}}
	if text == "" {
		return out, nil
	}
	var policy map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		return out, fmt.Errorf("decode: %w", err)
	}
	var list call.OneOrMany[json.RawMessage]
	if err := json.Unmarshal(policy["Statement"], &list); err != nil && policy["Statement"] != nil {
		return out, fmt.Errorf("decode statements: %w", err)
	}
	theirs := make([]json.RawMessage, 0, len(list))
	for i, raw := range list {
		var s struct {
			Sid, Effect string
			Principal   json.RawMessage
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			return out, fmt.Errorf("decode statement %d: %w", i, err)
		}
		if s.Sid == sid {
			canonical, err := quell.Canonical(raw)
			if err != nil {
				return out, err
			}
			out.ours = string(canonical)
			continue
		}
		theirs = append(theirs, raw)
		if s.Sid == "" {
			s.Sid = fmt.Sprintf("Statement[%d]", i)
		}
		out.sids[s.Sid] = true
		if s.Effect == "Allow" {
			addPrincipals(out.allowed, s.Principal)
		}
	}
	raw, err := json.Marshal(theirs)
	if err != nil {
		return out, err
	}
	policy["Statement"] = raw
	whole, err := json.Marshal(policy)
	out.size = len(whole)
	return out, err
}

// addPrincipals notes a statement's principals whatever its conditions say: they are for people to recognise.
func addPrincipals(set map[string]bool, raw json.RawMessage) {
	var kinds map[string]call.OneOrMany[string]
	if json.Unmarshal(raw, &kinds) != nil {
		set["everybody"] = true // "Principal": "*", the only form that is no object
		return
	}
	for kind, names := range kinds {
		for _, name := range names {
			set[kind+": "+name] = true
		}
	}
}
