package iam

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/call"
)

// denyAll is the AWS managed policy that denies every action on every resource.
func denyAll(partition string) string { return "arn:" + partition + ":iam::aws:policy/AWSDenyAll" }

// denyDocument denies everything, unconditionally: a condition on aws:TokenIssueTime would pass long-term keys by,
// which carry no such time. Source: IAM user guide, "Disabling permissions for temporary security credentials".
const denyDocument = `{"Version":"2012-10-17","Statement":[{"Sid":"QuellDenyAll","Effect":"Deny","Action":"*","Resource":"*"}]}`

// partitionOf takes the partition out of an ARN; aws where there is none.
func partitionOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 3); len(parts) == 3 && parts[0] == "arn" && parts[1] != "" {
		return parts[1]
	}
	return "aws"
}

// nameOf is the IAM name of a user or role entity: its name, or the last part of its ARN.
func nameOf(e quell.Entity) string {
	if e.Name != "" {
		return e.Name
	}
	arn := e.ARN
	if arn == "" && strings.HasPrefix(e.ID, "arn:") {
		arn = e.ID
	}
	if i := strings.LastIndexByte(arn, '/'); i >= 0 {
		return arn[i+1:]
	}
	return e.ID
}

// recreated says why an entity of this name is not the one meant.
func recreated(target quell.Entity, id string) string {
	if id != "" && !strings.HasPrefix(target.ID, "arn:") && strings.HasPrefix(target.ID, "A") && len(target.ID) > 16 && target.ID != id {
		return fmt.Sprintf("%s %s was deleted and made again since (it was %s, now it is %s); respond to the new one by its own id",
			target.Kind, nameOf(target), target.ID, id)
	}
	return ""
}

// readKeys lists a user's access keys, every page.
func readKeys(ctx context.Context, cfg aws.Config, user string) ([]types.AccessKeyMetadata, error) {
	var keys []types.AccessKeyMetadata
	var marker *string
	for {
		out, err := iam.NewFromConfig(cfg).ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &user, Marker: marker})
		if err != nil {
			return nil, fmt.Errorf("list access keys of %s: %w", user, err)
		}
		keys = append(keys, out.AccessKeyMetadata...)
		if !out.IsTruncated {
			return keys, nil
		}
		marker = out.Marker
	}
}

// lastUse says when and for what a key was used last, for people.
func lastUse(ctx context.Context, cfg aws.Config, key string) (string, error) {
	out, err := iam.NewFromConfig(cfg).GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &key})
	if err != nil {
		return "", fmt.Errorf("read last use of %s: %w", key, err)
	}
	used := out.AccessKeyLastUsed
	if used == nil || used.LastUsedDate == nil {
		return "never used", nil
	}
	return fmt.Sprintf("last used %s for %s in %s", used.LastUsedDate.UTC().Format(time.RFC3339),
		quell.Clean(aws.ToString(used.ServiceName)), quell.Clean(aws.ToString(used.Region))), nil
}

// missing says whether a read failed because the thing is not there.
func missing(err error) bool { return call.Code(err) == "NoSuchEntity" }

// samePolicy says whether two policy documents mean the same, whatever their spelling.
func samePolicy(document, want string) bool {
	plain, err := call.PolicyText(document)
	if err != nil || plain == nil {
		return false
	}
	a, err := quell.Canonical(plain)
	if err != nil {
		return false
	}
	b, err := quell.Canonical(json.RawMessage(want))
	return err == nil && string(a) == string(b)
}
