package iam

import (
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

type sweepParams struct {
	// Include names what a person holds to be the intruder's besides what the incident shows: user/NAME, role/NAME, key/ID.
	Include []string `json:"include,omitempty"`
}

type sweepState struct {
	// What is attributed to the intruder and can be neutralised: users and roles by name, keys by id.
	Users map[string]sweptUser `json:"users"`
	Keys  map[string]sweptKey  `json:"keys"`
	Roles map[string]sweptRole `json:"roles"`
	// Seen is everything that came or changed since the first hostile act, by kind and name.
	Seen map[string]candidate `json:"seen"`
	// LastUse is for people; Gaps is what could not be looked at.
	LastUse map[string]string `json:"last_use"`
	Gaps    map[string]bool   `json:"gaps"`
}

// sweptUser is how everything is denied to a user, or not yet.
type sweptUser struct {
	UserID   string `json:"user_id"`
	ARN      string `json:"arn"`
	Inline   bool   `json:"inline"`
	Attached bool   `json:"attached"`
	Boundary string `json:"boundary"`
	HeldBy   string `json:"held_by"`
}

type sweptKey struct {
	User   string `json:"user"`
	Status string `json:"status"`
}

type sweptRole struct {
	RoleID   string `json:"role_id"`
	ARN      string `json:"arn"`
	Inline   bool   `json:"inline"`
	Attached bool   `json:"attached"`
	HeldBy   string `json:"held_by"`
	Longest  int64  `json:"longest"` // the life of a session taken now, in seconds
}

// candidate is one thing that the intruder may have left.
type candidate struct {
	Kind string `json:"kind"`
	ID   string `json:"id"` // AIDA..., AKIA..., an ARN
	Name string `json:"name,omitempty"`
	Made string `json:"made,omitempty"` // when it was made or changed
	// How says why it counts as the intruder's; "" where only its date speaks against it.
	How string `json:"how,omitempty"`
	// Dealt says that it can do nothing any more; Note what is known besides, and what a person can do about it.
	Dealt bool   `json:"dealt"`
	Note  string `json:"note,omitempty"`
}

// SweepPersistence finds what the intruder left in IAM and neutralises what is surely theirs.
var SweepPersistence = action.Define(action.Spec[sweepParams, sweepState]{
	Name:   "iam.sweep-persistence",
	Title:  "find and neutralise what the intruder left in IAM",
	Phase:  quell.Eradicate,
	Target: quell.KindAccount,
	Doc: action.Doc{
		What: "Looks for users, access keys, console passwords, roles, groups, managed policies and identity providers made or changed since the first hostile act. " +
			"What the incident shows to be the intruder's, or the parameter include names, is neutralised: users and roles are denied everything, keys made inactive. The rest is listed for a person.",
		Why:    "A second way in outlives the first: who deactivates the leaked key and stops there answers the same intruder again next week.",
		Breaks: "Everything that works as the users, roles and keys that are neutralised.",
		Undo:   "The denies and tags are taken back; keys stay inactive unless the incident was dismissed.",
		Traps: []string{
			"Made since the first hostile act is no proof: colleagues make users too. Only what was seen being made by the intruder is touched.",
			"IAM keeps no date for policies that are attached or embedded, nor for trust policies: those are known from the trail alone, and listed where the intruder touched something.",
			"A user deleted and made anew has another id: it is judged anew.",
			"Nothing is deleted here: ids are what hunting looks for, and iam.delete-rogue-user deletes with its own approval.",
			"Not exhaustive: functions, schedules, instances, images, SSM documents, Roles Anywhere and other accounts are outside IAM and not looked at.",
			"Found something: contain it, and sweep again until twice in a row nothing is found.",
		},
		D3FEND: []string{"D3-ANCI", "D3-UAP", "D3-AM"},
		Source: []string{
			"IAM API reference, ListUsers, ListAccessKeys, ListRoles, ListPolicies, ListSAMLProviders, GetOpenIDConnectProvider",
			"AWS Threat Technique Catalog, Persistence", "IAM user guide, IAM and AWS STS quotas",
		},
	},
	Reads: []string{
		"iam:ListUsers", "iam:GetUser", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:GetLoginProfile", "iam:GetUserPolicy",
		"iam:ListUserPolicies", "iam:ListAttachedUserPolicies", "iam:ListRoles", "iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies",
		"iam:ListAttachedRolePolicies", "iam:ListGroups", "iam:ListGroupPolicies", "iam:ListAttachedGroupPolicies", "iam:ListPolicies",
		"iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider", "iam:ListSAMLProviders",
	},
	Writes: []*call.Definition{
		putUserPolicy.Definition, deleteUserPolicy.Definition, attachUserPolicy.Definition, detachUserPolicy.Definition,
		putUserBoundary.Definition, deleteUserBoundary.Definition, tagUser.Definition, untagUser.Definition, updateAccessKey.Definition,
		putRolePolicy.Definition, deleteRolePolicy.Definition, attachRolePolicy.Definition, detachRolePolicy.Definition,
		tagRole.Definition, untagRole.Definition,
	},
	Volatile: []string{"/seen", "/last_use", "/gaps"},
	Leaves:   map[string]string{"/keys": "a key of the intruder's stays inactive"},
	Look:     lookSweep,
	Plan:     planSweep,
	Refuse:   refuseSweep,
	Breaks:   breaksSweep,
	Outputs:  outputsOfSweep,
})

// A role's own way to be denied everything where its inline policies are full.
var (
	attachRolePolicy = call.Define("iam:AttachRolePolicy", iam.NewFromConfig, (*iam.Client).AttachRolePolicy, visible, call.Global())
	detachRolePolicy = call.Define("iam:DetachRolePolicy", iam.NewFromConfig, (*iam.Client).DetachRolePolicy, visible, call.Global(),
		call.DoneOn("NoSuchEntity"))
)
