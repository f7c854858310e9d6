package plan

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"github.com/quell-ir/quell"
)

// The kinds and parts that conditions may name.
func knownKinds() []quell.EntityKind {
	return []quell.EntityKind{
		quell.KindAccount, quell.KindRoot, quell.KindUser, quell.KindRole, quell.KindSession, quell.KindFederated,
		quell.KindAccessKey, quell.KindGroup, quell.KindPolicy, quell.KindBucket, quell.KindSecret, quell.KindInstance,
		quell.KindIP, quell.KindService, quell.KindResource,
	}
}

func knownParts() []quell.Part {
	return []quell.Part{"", quell.PartActor, quell.PartTarget, quell.PartMade, quell.PartUsed, quell.PartRead, quell.PartSuspect}
}

// checkLiterals wants the arguments of pick and behind to be literals that exist: pick("usr", "made") would select
// nothing for ever, and nobody would notice until the intruder's user was left alone.
func checkLiterals(compiled *cel.Ast) error {
	var problem error
	ast.PostOrderVisit(compiled.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if problem != nil || e.Kind() != ast.CallKind {
			return
		}
		call := e.AsCall()
		name := call.FunctionName()
		if name != "pick" && name != "behind" {
			return
		}
		kind, ok := literal(call.Args()[0])
		if !ok || !slices.Contains(knownKinds(), quell.EntityKind(kind)) {
			problem = fmt.Errorf("%s needs the name of a kind, not %q; take one of %v", name, kind, knownKinds())
			return
		}
		if name == "pick" {
			part, ok := literal(call.Args()[1])
			if !ok || !slices.Contains(knownParts(), quell.Part(part)) {
				problem = fmt.Errorf("pick needs the name of a part, not %q; take one of %q", part, knownParts())
			}
		}
	}))
	return problem
}

// literal is the text of a string literal, false for any other expression.
func literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().Value().(string)
	return s, ok
}

// kindsOf tells which kinds of entities a for_each can yield, false where that cannot be told from the text. A filter
// yields what it filters; what its condition mentions does not count.
func kindsOf(e ast.Expr) ([]quell.EntityKind, bool) {
	switch e.Kind() {
	case ast.ComprehensionKind:
		// Only filter() keeps elements; map() makes something else. Its result is the accumulator, as is map()'s,
		// so that a map to another kind is told by the loop's step: it appends the variable itself.
		loop := e.AsComprehension()
		if !appendsItself(loop.LoopStep(), loop.IterVar()) {
			return nil, false
		}
		return kindsOf(loop.IterRange())
	case ast.CallKind:
		call := e.AsCall()
		switch call.FunctionName() {
		case "pick", "behind":
			kind, ok := literal(call.Args()[0])
			return []quell.EntityKind{quell.EntityKind(kind)}, ok
		case "except":
			return kindsOf(call.Target())
		case operators.Add:
			return unite(call.Args()[0], call.Args()[1])
		case operators.Conditional:
			return unite(call.Args()[1], call.Args()[2])
		}
	}
	return nil, false
}

// unite tells the kinds of two branches, where both can be told.
func unite(a, b ast.Expr) ([]quell.EntityKind, bool) {
	left, ok := kindsOf(a)
	right, also := kindsOf(b)
	return append(left, right...), ok && also
}

// appendsItself looks for `accumulator + [variable]` in a loop's step.
func appendsItself(step ast.Expr, variable string) bool {
	found := false
	ast.PostOrderVisit(step, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.ListKind {
			elements := e.AsList().Elements()
			found = found || len(elements) == 1 && elements[0].Kind() == ast.IdentKind && elements[0].AsIdent() == variable
		}
	}))
	return found
}
