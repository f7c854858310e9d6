package quell

import (
	"cmp"
	"strings"
)

// made names what came into being by the call. Only the response can tell: a refused call makes nothing, and only the
// response has the ids that AWS gave.
func (n *namer) made() {
	response := n.f.obj("responseElements")
	switch {
	case n.e.Source == "sts.amazonaws.com":
		n.madeSession(response)
	case n.e.Source == "iam.amazonaws.com":
		n.madeIdentity(response)
		// The request may name an image for many; only the response tells which instances came.
	case n.e.Name == "RunInstances":
		response.each([]string{"instancesSet", "items", "instanceId"}, func(id string) {
			n.add(Entity{Kind: KindInstance, ID: id, ARN: n.fill(ec2ARN("instance"), id), Account: n.e.Account, Region: n.e.Region, Part: PartMade})
		})
	case n.e.Name == "CreateSnapshot" || n.e.Name == "CreateSecurityGroup" || n.e.Name == "CopySnapshot":
		n.madeByID(response.str("snapshotId"), "snapshot")
		n.madeByID(response.str("groupId"), "security-group")
	case n.e.Name == "CreateSnapshots":
		response.each([]string{"CreateSnapshotsResponse", "snapshotSet", "item", "snapshotId"}, func(id string) { n.madeByID(id, "snapshot") })
	case n.e.Source == "secretsmanager.amazonaws.com" && n.e.Name == "CreateSecret":
		n.madeByARN(cmp.Or(response.str("arn"), response.str("aRN"), response.str("ARN")))
	case n.e.Source == "lambda.amazonaws.com" && strings.HasPrefix(n.e.Name, "CreateFunction2"):
		n.madeByARN(response.str("functionArn"))
	case n.e.Source == "kms.amazonaws.com" && n.e.Name == "CreateKey":
		n.madeByARN(response.str("keyMetadata", "arn"))
		// S3 answers without elements, so success alone says that the bucket is new.
	case n.e.Source == "s3.amazonaws.com" && n.e.Name == "CreateBucket" && n.e.Succeeded():
		if bucket := n.f.str("requestParameters", "bucketName"); bucket != "" {
			n.add(Entity{Kind: KindBucket, ID: bucket, ARN: n.fill("arn:$p:s3:::$n", bucket), Account: n.e.Account, Part: PartMade})
		}
	}
}

// madeByID adds one of EC2's things, whose ids are unique by themselves.
func (n *namer) madeByID(id, kind string) {
	if id != "" {
		n.add(Entity{Kind: KindResource, ID: id, ARN: n.fill(ec2ARN(kind), id), Account: n.e.Account, Region: n.e.Region, Part: PartMade})
	}
}

// madeByARN adds what only an ARN names; an empty one adds nothing.
func (n *namer) madeByARN(arn string) {
	e := EntityOfARN(arn)
	e.Part = PartMade
	n.add(e)
}

// madeSession reads what STS hands out: a role session or a federated user, and its key. The role is a means to it; one
// that could not be assumed was only aimed at.
func (n *namer) madeSession(response fields) {
	holder := n.self
	if id := response.str("assumedRoleUser", "assumedRoleId"); id != "" {
		role, _, _ := strings.Cut(id, ":")
		n.assumed(role, PartUsed)
		arn := response.str("assumedRoleUser", "arn")
		n.add(Entity{Kind: KindSession, ID: id, ARN: arn, Name: lastOfARN(arn), Part: PartMade, Of: role})
		holder = id
	} else {
		n.assumed("", PartTarget)
	}
	// A federated user belongs to the user who asked, whose key may be gone while this lives on for 36 hours.
	if id := response.str("federatedUser", "federatedUserId"); id != "" {
		arn := response.str("federatedUser", "arn")
		n.add(Entity{Kind: KindFederated, ID: id, ARN: arn, Name: lastOfARN(arn), Part: PartMade, Of: holder})
		holder = id
	}
	if key := response.str("credentials", "accessKeyId"); key != "" {
		n.add(Entity{Kind: KindAccessKey, ID: key, Account: n.e.Account, Part: PartMade, Of: holder})
	}
}

func (n *namer) assumed(id string, part Part) {
	arn := n.f.str("requestParameters", "roleArn")
	n.add(Entity{Kind: KindRole, ID: id, ARN: arn, Name: lastOfARN(arn), Part: part})
}

// madeIdentity reads what IAM creates. Users and roles carry their stable id. Policies and groups are known by ARN: no
// call but their creation ever tells their id, and one thing must not have two.
func (n *namer) madeIdentity(response fields) {
	// GetUser answers with the same element as CreateUser and makes nothing.
	if !strings.HasPrefix(n.e.Name, "Create") && !strings.HasPrefix(n.e.Name, "Upload") {
		return
	}
	for _, kind := range []EntityKind{KindUser, KindRole, KindGroup, KindPolicy} {
		key := string(kind)
		made := response.obj(key)
		arn := made.str("arn")
		if made == nil || arn == "" && made.str(key+"Id") == "" {
			continue
		}
		e := Entity{Kind: kind, ARN: arn, Name: made.str(key + "Name"), Account: n.e.Account, Part: PartMade}
		if kind == KindUser || kind == KindRole || arn == "" {
			e.ID = made.str(key + "Id")
		}
		n.add(e)
	}
	owner := n.f.str("requestParameters", "userName")
	if key := response.obj("accessKey"); key.str("accessKeyId") != "" {
		of := n.ownerNamed(cmp.Or(key.str("userName"), owner))
		n.add(Entity{Kind: KindAccessKey, ID: key.str("accessKeyId"), Account: n.e.Account, Part: PartMade, Of: of})
		if n.f.str("requestParameters", "userName") == "" {
			// Without a name the key is for whoever asked; the new key's user is still what was acted on.
			n.add(Entity{Kind: KindUser, ID: of, Name: key.str("userName"), Account: n.e.Account, Part: PartTarget})
		}
	}
	// A password has no id of its own. Named by its user it can be found, and taken back, like a key.
	if profile := response.obj("loginProfile"); profile != nil && n.e.Succeeded() {
		name := cmp.Or(profile.str("userName"), owner)
		of := n.ownerNamed(name)
		n.add(Entity{Kind: KindResource, ID: "login-profile/" + of, Name: name, Account: n.e.Account, Part: PartMade, Of: of})
	}
	// Credentials besides keys: each is a way back in that must not be overlooked.
	for _, other := range [][2]string{
		{"sSHPublicKey", "sSHPublicKeyId"}, {"serviceSpecificCredential", "serviceSpecificCredentialId"},
		{"certificate", "certificateId"}, {"virtualMFADevice", "serialNumber"}, {"instanceProfile", "arn"},
	} {
		if id := response.str(other[0], other[1]); id != "" {
			n.add(Entity{Kind: KindResource, ID: id, Account: n.e.Account, Part: PartMade, Of: n.ownerNamed(owner)})
		}
	}
	n.madeByARN(cmp.Or(response.str("sAMLProviderArn"), response.str("openIDConnectProviderArn")))
}
