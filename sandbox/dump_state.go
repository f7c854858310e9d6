package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell"
)

// Snapshot is the home account's state as canonical JSON, to tell whether an undo restored it exactly: users, roles,
// groups, policies, credentials, buckets, secrets and trails with their ids. Last-used data and the times of changes are
// left out, secrets and objects stand as hashes, and policies are compared as JSON, not as text.
func (w *World) Snapshot() json.RawMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.home
	state := map[string]any{
		"users": dumpAll(a.users, dumpUser), "roles": dumpAll(a.roles, dumpRole), "groups": dumpAll(a.groups, dumpGroup),
		"policies": dumpAll(a.policies, dumpManaged), "secrets": dumpAll(a.secrets, dumpSecret),
		"trails": dumpAll(a.trails, dumpTrail), "devices": slices.Sorted(maps.Keys(a.devices)),
	}
	buckets := map[string]any{}
	for name, b := range w.buckets {
		if b.account == a {
			buckets[name] = dumpBucket(b)
		}
	}
	state["buckets"] = buckets
	out, err := quell.Canonical(state)
	if err != nil {
		// The value is made of text, numbers, truth values, lists and maps only.
		panic("sandbox: encode snapshot: " + err.Error())
	}
	return out
}

func dumpAll[T any](m map[string]T, one func(T) map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for key, value := range m {
		out[key] = one(value)
	}
	return out
}

// document is a policy as a JSON value; text that is none stays text.
func document(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}

func dumpTags(tags []tag) map[string]string {
	out := map[string]string{}
	for _, t := range tags {
		out[t.key] = t.value
	}
	return out
}

func dumpPrincipal(p *principal) map[string]any {
	inline := map[string]any{}
	for _, in := range p.inline {
		inline[in.name] = document(in.text)
	}
	return map[string]any{
		"id": p.id, "arn": p.arn, "inline": inline, "attached": slices.Clone(p.attached), "boundary": p.boundary,
		"tags": dumpTags(p.tags),
	}
}

func dumpUser(u *user) map[string]any {
	out := dumpPrincipal(&u.principal)
	keys, groups, devices := map[string]string{}, []string{}, []string{}
	for _, k := range u.keys {
		keys[k.id] = string(k.status)
	}
	for _, g := range u.groups {
		groups = append(groups, g.name)
	}
	for _, d := range u.devices {
		devices = append(devices, d.serial)
	}
	slices.Sort(devices)
	others := map[string]string{}
	for _, k := range u.ssh {
		others[k.id] = string(k.status)
	}
	for _, k := range u.certs {
		others[k.id] = string(k.status)
	}
	for _, k := range u.service {
		others[k.id] = string(k.status)
	}
	out["keys"], out["groups"], out["devices"], out["credentials"] = keys, groups, devices, others
	if u.login != nil {
		out["login"] = map[string]any{"reset": u.login.reset}
	}
	return out
}

func dumpRole(r *role) map[string]any {
	out := dumpPrincipal(&r.principal)
	out["trust"], out["max_session"], out["description"] = document(r.trust), r.maxSession, r.description
	return out
}

func dumpGroup(g *group) map[string]any {
	out := dumpPrincipal(&g.principal)
	members := []string{}
	for _, u := range g.members {
		members = append(members, u.name)
	}
	out["members"] = members
	return out
}

func dumpManaged(m *managed) map[string]any {
	versions := map[string]any{}
	for _, v := range m.versions {
		versions[versionID(v.number)] = document(v.text)
	}
	return map[string]any{"id": m.id, "versions": versions, "default": versionID(m.current), "tags": dumpTags(m.tags)}
}

func dumpBucket(b *bucket) map[string]any {
	objects := map[string]string{}
	for key, o := range b.objects {
		objects[key] = o.etag
	}
	out := map[string]any{
		"region": b.region, "tags": dumpTags(b.tags), "versioning": string(b.versioning), "ownership": string(b.ownership),
		"objects": objects, "policy": nil, "public_access_block": nil,
	}
	if b.policy != "" {
		out["policy"] = document(b.policy)
	}
	if b.block != nil {
		out["public_access_block"] = []bool{
			aws.ToBool(b.block.BlockPublicAcls), aws.ToBool(b.block.IgnorePublicAcls), aws.ToBool(b.block.BlockPublicPolicy),
			aws.ToBool(b.block.RestrictPublicBuckets),
		}
	}
	return out
}

func dumpSecret(s *secret) map[string]any {
	versions := map[string]any{}
	for _, v := range s.versions {
		sum := sha256.Sum256(append([]byte(aws.ToString(v.text)), v.binary...))
		versions[v.id] = map[string]any{"sha256": hex.EncodeToString(sum[:]), "stages": slices.Clone(v.stages)}
	}
	return map[string]any{
		"name": s.name, "versions": versions, "tags": dumpTags(s.tags), "policy": document(s.policy), "rotation": s.rotation,
		"description": s.description,
	}
}

func dumpTrail(t *trail) map[string]any {
	return map[string]any{
		"bucket": t.bucket, "multi_region": t.multiRegion, "logging": t.logging, "selectors": shape(t.selectors, nil),
	}
}
