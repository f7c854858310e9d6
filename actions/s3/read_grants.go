package s3

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/quell-ir/quell"
)

// publicGroups are the two groups whose grants S3 calls public.
// Source: S3 user guide, Access control list (ACL) overview, "Amazon S3 predefined groups".
var publicGroups = map[string]string{
	"http://acs.amazonaws.com/groups/global/AllUsers":           "AllUsers",
	"http://acs.amazonaws.com/groups/global/AuthenticatedUsers": "AuthenticatedUsers",
}

func isPublicGrant(grant string) bool {
	return strings.HasPrefix(grant, "AllUsers: ") || strings.HasPrefix(grant, "AuthenticatedUsers: ")
}

// readGrants notes whom the bucket's ACL lets in besides its owner. Objects have ACLs of their own, which nobody can list
// at once; the public access block covers them all the same.
func readGrants(ctx context.Context, cfg aws.Config, target quell.Entity, state *blockState) error {
	name := nameOf(target)
	out, err := s3.NewFromConfig(cfg).GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &name, ExpectedBucketOwner: ownerOf(target)})
	if state.GrantsKnown, err = answer(true, err); err != nil {
		return fmt.Errorf("read ACL of bucket %s: %w", name, err)
	}
	if state.GrantsKnown != yes {
		return nil
	}
	owner := ""
	if out.Owner != nil {
		owner = aws.ToString(out.Owner.ID)
	}
	for _, g := range out.Grants {
		if g.Grantee == nil || owner != "" && aws.ToString(g.Grantee.ID) == owner {
			continue
		}
		who := aws.ToString(g.Grantee.URI)
		if group, ok := publicGroups[who]; ok {
			who = group
		}
		for _, other := range []*string{g.Grantee.ID, g.Grantee.EmailAddress, g.Grantee.DisplayName} {
			if who == "" {
				who = aws.ToString(other)
			}
		}
		state.Grants[who+": "+string(g.Permission)] = true
	}
	return nil
}
