package s3

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

type blockParams struct{}

type blockState struct {
	bucket
	// Set says that the bucket has a public access block of its own, Flags what is in it. A block with four flags off and
	// none at all do the same and are taken back differently.
	Set   bool            `json:"set"`
	Flags map[string]bool `json:"flags"`
	// What is open to the public now, and so breaks: each yes, no or unknown with the reason.
	PublicPolicy string `json:"public_policy"`
	Website      string `json:"website"`
	// Grants are the bucket's ACL grants to others than its owner, as "AllUsers: READ".
	Grants      map[string]bool `json:"grants"`
	GrantsKnown string          `json:"grants_known"`
}

// The names of the four settings in a state.
const (
	flagACLs     = "block_public_acls"
	flagIgnore   = "ignore_public_acls"
	flagPolicy   = "block_public_policy"
	flagRestrict = "restrict_public_buckets"
)

// BlockPublic shuts a bucket to the public.
var BlockPublic = action.Define(action.Spec[blockParams, blockState]{
	Name:   "s3.block-public",
	Title:  "shut the bucket to the public",
	Phase:  quell.Contain,
	Target: quell.KindBucket,
	Doc: action.Doc{
		What:   "Turns on all four settings of the bucket's public access block.",
		Why:    "Anonymous requests are refused within seconds, whatever policy or ACL lets them in, and no public policy or ACL can be added. Without it everybody goes on reading.",
		Breaks: "Whoever reads without signing: a static website, a CDN whose origin reads anonymously, links in pages and mails; and writers that send a public ACL with their objects.",
		Undo:   "The recorded settings are put back, or the block is deleted where the bucket had none. Policy and ACLs were never changed.",
		Traps: []string{
			"Putting replaces all four settings, and one left out is off: all four are always sent.",
			"It does not stop a named foreign account that a policy or ACL lets in; those are listed, s3.deny-all-except stops them.",
			"Presigned URLs are signed requests and go on until their signer is denied or they expire.",
			"The account has a block of its own beside the bucket's, and the stricter of both holds: undo opens nothing that the account shuts.",
			"Afterwards a public policy can no longer be written, not even with a deny added: where both are wanted, s3.deny-all-except goes first.",
			"A bucket can be deleted and its name taken by a stranger: each call names the account that must own it, where that is known.",
			"The bucket is not tagged: tags can only be replaced as a whole, and other people's could be lost.",
		},
		D3FEND: []string{"D3-NTF", "D3-RFAM"},
		Source: []string{
			"S3 user guide, Blocking public access to your Amazon S3 storage",
			"S3 API reference, PutPublicAccessBlock, GetBucketPolicyStatus", "Service Authorization Reference, Amazon S3",
		},
	},
	Reads: []string{
		"s3:GetBucketLocation", "s3:GetBucketTagging", "s3:GetPublicAccessBlock", "s3:GetBucketPolicyStatus", "s3:GetBucketWebsite",
		"s3:GetBucketAcl",
	},
	Writes:   []*call.Definition{putPublicAccessBlock.Definition, deletePublicAccessBlock.Definition},
	Volatile: []string{"/public_policy", "/website", "/grants", "/grants_known", "/held_by"},
	Look:     lookBlock,
	Plan:     planBlock,
	Refuse: func(in action.In[blockParams, blockState], now blockState) string {
		return heldByOther(in.Target, now.HeldBy, in.Incident.ID)
	},
	Breaks: breaksBlock,
})

// planBlock sends all four settings, because one that is left out is turned off.
func planBlock(in action.In[blockParams, blockState], now blockState) ([]quell.Call, error) {
	if !now.Exists || now.Flags[flagACLs] && now.Flags[flagIgnore] && now.Flags[flagPolicy] && now.Flags[flagRestrict] {
		return nil, nil
	}
	name, owner := nameOf(in.Target), ownerOf(in.Target)
	put := func(acls, ignore, policy, restrict bool) quell.Call {
		return putPublicAccessBlock.With(&s3.PutPublicAccessBlockInput{
			Bucket: &name, ExpectedBucketOwner: owner,
			PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
				BlockPublicAcls: &acls, IgnorePublicAcls: &ignore, BlockPublicPolicy: &policy, RestrictPublicBuckets: &restrict,
			},
		})
	}
	c := put(true, true, true, true)
	// No block and a block with all four off let the same in, but only one of them was there.
	if was := in.Before.Flags; in.Before.Set {
		c = c.UndoneBy(put(was[flagACLs], was[flagIgnore], was[flagPolicy], was[flagRestrict]))
	} else {
		c = c.UndoneBy(deletePublicAccessBlock.With(&s3.DeletePublicAccessBlockInput{Bucket: &name, ExpectedBucketOwner: owner}))
	}
	// The target may know no region, and S3 answers in the bucket's own only.
	c.Region = now.Region
	return []quell.Call{c.Touching("/set", "/flags")}, nil
}

// breaksBlock says what stops as far as S3 tells, what may stop, and what goes on.
func breaksBlock(in action.In[blockParams, blockState], now blockState) []string {
	name := quell.Clean(nameOf(in.Target))
	out := []string{}
	switch now.PublicPolicy {
	case yes:
		out = append(out, fmt.Sprintf("everybody who reads %s without signing: its policy is public", name))
	case no:
	default:
		out = append(out, fmt.Sprintf("everybody who reads %s without signing, if its policy is public (%s)", name, quell.Clean(now.PublicPolicy)))
	}
	switch now.Website {
	case yes:
		out = append(out, fmt.Sprintf("the static website that %s serves", name))
	case no:
	default:
		out = append(out, fmt.Sprintf("a static website, if %s serves one (%s)", name, quell.Clean(now.Website)))
	}
	for _, grant := range slices.Sorted(maps.Keys(now.Grants)) {
		if isPublicGrant(grant) {
			out = append(out, "the ACL's grant to "+quell.Clean(grant))
		} else {
			out = append(out, "not stopped: the ACL's grant to "+quell.Clean(grant))
		}
	}
	if now.GrantsKnown != yes {
		out = append(out, "public grants of the ACL, if there are any ("+quell.Clean(now.GrantsKnown)+")")
	}
	return append(out,
		"a CloudFront distribution or other CDN that reads the bucket anonymously as its origin: not looked up; one with origin access control goes on",
		"not stopped: presigned URLs, and accounts that the policy names")
}

// lookBlock must read the block and the tags, on which the plan and the guard rest; what only warns may be refused.
func lookBlock(ctx context.Context, cfg aws.Config, in action.In[blockParams, blockState]) (blockState, error) {
	state := blockState{Flags: map[string]bool{}, Grants: map[string]bool{}}
	found, cfg, err := readBucket(ctx, cfg, in.Target)
	state.bucket = found
	if err != nil || !found.Exists {
		return state, err
	}
	block, err := readBlock(ctx, cfg, in.Target)
	if err != nil {
		return state, err
	}
	if block != nil {
		state.Set = true
		state.Flags = map[string]bool{
			flagACLs: aws.ToBool(block.BlockPublicAcls), flagIgnore: aws.ToBool(block.IgnorePublicAcls),
			flagPolicy: aws.ToBool(block.BlockPublicPolicy), flagRestrict: aws.ToBool(block.RestrictPublicBuckets),
		}
	}
	if state.PublicPolicy, err = isPublic(ctx, cfg, in.Target); err != nil {
		return state, err
	}
	name := nameOf(in.Target)
	_, err = s3.NewFromConfig(cfg).GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: &name, ExpectedBucketOwner: ownerOf(in.Target)})
	if state.Website, err = answer(true, err, "NoSuchWebsiteConfiguration"); err != nil {
		return state, fmt.Errorf("read website configuration of bucket %s: %w", name, err)
	}
	return state, readGrants(ctx, cfg, in.Target, &state)
}
