package plan

import (
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// costLimit bounds one evaluation. A filter over ten thousand entities costs about a tenth of it; a nested one over as
// many does not fit, and belongs and except are there so that none is needed.
const costLimit = 2_000_000

// maxExpression bounds the source of one condition, in characters.
const maxExpression = 4096

// conditions compiles and evaluates the expressions of playbooks.
type conditions struct {
	env *cel.Env
	// programs holds what was compiled, by expression; nil compiles each time.
	programs *sync.Map
}

// Compiled keeps compiled conditions from one Bind to the next, for a response that binds again and again while it
// watches. The zero value is ready; it may be shared by goroutines.
type Compiled struct {
	once       sync.Once
	conditions conditions
	err        error
}

// get sets the language up once; a nil receiver does so each time.
func (c *Compiled) get() (conditions, error) {
	if c == nil {
		return newConditions()
	}
	c.once.Do(func() {
		c.conditions, c.err = newConditions()
		c.conditions.programs = &sync.Map{}
	})
	return c.conditions, c.err
}

// The types that conditions see. Their names are those of the Go structs: an alias would hold for the struct alone, and
// the same struct inside another would be of a different type.
var (
	entityType   = cel.ObjectType("plan.entityFacts")
	incidentType = cel.ObjectType("plan.incidentFacts")
	scopeType    = cel.ObjectType("plan.scopeFacts")
	entitiesType = cel.ListType(entityType)
)

// newConditions sets up the language: CEL's standard library and four functions, nothing that reaches outside. It takes
// about 0.2 ms, so that nobody needs to share one.
func newConditions() (conditions, error) {
	// The functions return Go values; the registry turns them back into CEL's.
	var adapt types.Adapter
	env, err := cel.NewEnv(
		cel.Types(
			cel.NativeTypeFor[entityFacts](types.ParseStructTags(true)),
			cel.NativeTypeFor[incidentFacts](types.ParseStructTags(true)),
			cel.NativeTypeFor[scopeFacts](types.ParseStructTags(true)),
		),
		cel.Variable("incident", incidentType),
		cel.Variable("scope", scopeType),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.Function("pick", cel.MemberOverload("incident_pick", []*cel.Type{incidentType, cel.StringType, cel.StringType},
			entitiesType, cel.FunctionBinding(func(args ...ref.Val) ref.Val {
				return adapt.NativeToValue(incidentOf(args[0]).pick(textOf(args[1]), textOf(args[2])))
			}))),
		cel.Function("behind", cel.MemberOverload("incident_behind", []*cel.Type{incidentType, cel.StringType},
			entitiesType, cel.BinaryBinding(func(i, kind ref.Val) ref.Val {
				return adapt.NativeToValue(incidentOf(i).behind(textOf(kind)))
			}))),
		cel.Function("belongs", cel.MemberOverload("entity_belongs", []*cel.Type{entityType, entitiesType},
			cel.BoolType, cel.BinaryBinding(func(e, owners ref.Val) ref.Val {
				entity, _ := entityOf(e)
				list, err := entitiesOf(owners)
				if err != nil {
					return types.WrapErr(err)
				}
				return types.Bool(entity.belongs(list))
			}))),
		cel.Function("except", cel.MemberOverload("entities_except", []*cel.Type{entitiesType, entitiesType},
			entitiesType, cel.BinaryBinding(func(list, without ref.Val) ref.Val {
				from, err := entitiesOf(list)
				if err != nil {
					return types.WrapErr(err)
				}
				drop, err := entitiesOf(without)
				if err != nil {
					return types.WrapErr(err)
				}
				return adapt.NativeToValue(except(from, drop))
			}))),
	)
	if err != nil {
		return conditions{}, fmt.Errorf("set up conditions: %w", err)
	}
	adapt = env.CELTypeAdapter()
	return conditions{env: env}, nil
}

// compile checks an expression against the type it must have.
func (c conditions) compile(source string, want *cel.Type) (*cel.Ast, error) {
	if len(source) > maxExpression {
		return nil, fmt.Errorf("longer than %d characters; split the step", maxExpression)
	}
	ast, issues := c.env.Compile(source)
	if err := issues.Err(); err != nil {
		return nil, err
	}
	if got := ast.OutputType(); !got.IsExactType(want) {
		return nil, fmt.Errorf("gives %s where %s is needed", typeName(got), typeName(want))
	}
	return ast, checkLiterals(ast)
}

// program compiles an expression, or remembers it.
func (c conditions) program(source string, want *cel.Type) (cel.Program, error) {
	key := want.String() + "\x00" + source
	if c.programs != nil {
		if have, ok := c.programs.Load(key); ok {
			return have.(cel.Program), nil
		}
	}
	ast, err := c.compile(source, want)
	if err != nil {
		return nil, err
	}
	program, err := c.env.Program(ast, cel.CostLimit(costLimit))
	if err == nil && c.programs != nil {
		c.programs.Store(key, program)
	}
	return program, err
}

// evaluate runs an expression over facts. It compiles it again, which costs little beside asking a person, and keeps
// playbooks plain data.
func (c conditions) evaluate(source string, want *cel.Type, f facts) (ref.Val, error) {
	program, err := c.program(source, want)
	if err != nil {
		return nil, err
	}
	value, _, err := program.Eval(map[string]any{"incident": f.incident, "scope": f.scope})
	return value, err
}

// holds evaluates a condition; an empty one holds.
func (c conditions) holds(source string, f facts) (bool, error) {
	if source == "" {
		return true, nil
	}
	value, err := c.evaluate(source, cel.BoolType, f)
	if err != nil {
		return false, err
	}
	return value == types.True, nil
}

// selects evaluates a for_each.
func (c conditions) selects(source string, f facts) ([]entityFacts, error) {
	value, err := c.evaluate(source, entitiesType, f)
	if err != nil {
		return nil, err
	}
	return entitiesOf(value)
}

// incidentOf takes the incident back out of its variable.
func incidentOf(v ref.Val) incidentFacts {
	switch i := v.Value().(type) {
	case incidentFacts:
		return i
	case *incidentFacts:
		if i != nil {
			return *i
		}
	}
	return incidentFacts{}
}

// textOf is the Go string of a CEL string; the checker has made sure that it is one.
func textOf(v ref.Val) string {
	s, _ := v.Value().(string)
	return s
}

// entityOf takes the Go value back out. A field of a struct comes as a pointer, an element of a list as a value.
func entityOf(v ref.Val) (entityFacts, bool) {
	switch e := v.Value().(type) {
	case entityFacts:
		return e, true
	case *entityFacts:
		if e != nil {
			return *e, true
		}
	}
	return entityFacts{}, false
}

// entitiesOf takes a list back out. An element that is no entity is an error: left out, it would be a target that nobody
// misses.
func entitiesOf(v ref.Val) ([]entityFacts, error) {
	list, ok := v.(traits.Lister)
	if !ok {
		return nil, fmt.Errorf("is %s, not a list", v.Type().TypeName())
	}
	if plain, ok := v.Value().([]entityFacts); ok {
		return plain, nil
	}
	var out []entityFacts
	for it := list.Iterator(); it.HasNext() == types.True; {
		element := it.Next()
		e, ok := entityOf(element)
		if !ok {
			return nil, fmt.Errorf("holds %s, which is no entity", element.Type().TypeName())
		}
		out = append(out, e)
	}
	return out, nil
}

// typeName says a type in the words of the package documentation.
func typeName(t *cel.Type) string {
	switch {
	case t.IsExactType(entitiesType):
		return "a list of entities"
	case t.IsExactType(entityType):
		return "an entity"
	case t.IsExactType(cel.BoolType):
		return "true or false"
	}
	return t.String()
}
