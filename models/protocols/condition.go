package protocols

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/env"
)

// Bounds on facts and conditions. The cost of a condition is bounded at load from the
// sizes that facts can have, so that no facts and no edition make an evaluation slow.
const (
	maxValues = 100  // codes in a list
	maxCode   = 48   // characters of a code
	maxScore  = 1000 // of a tool
	maxCost   = 1000 // CEL cost units of one condition
	maxSource = 500  // characters of one condition
)

var factName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// condition is a compiled condition with the facts it refers to.
type condition struct {
	source  string
	program cel.Program
	facts   []string
}

// celType is how a fact looks to a condition.
func (f *Fact) celType() *cel.Type {
	switch f.Type {
	case TypeBool:
		return cel.BoolType
	case TypeInt:
		return cel.IntType
	case TypeDouble:
		return cel.DoubleType
	case TypeCodes:
		return cel.ListType(cel.StringType)
	case TypeScores:
		return cel.MapType(cel.StringType, cel.IntType)
	case TypeTime, TypeDate:
		return cel.TimestampType
	}
	return cel.StringType
}

// environment declares every fact. Beyond operators there is the standard library
// without regular expressions: nothing in it reads a clock or calls out.
func (c *content) environment() (*cel.Env, error) {
	opts := []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(&env.LibrarySubset{ExcludeFunctions: []*env.Function{{Name: "matches"}}})),
		cel.ParserExpressionSizeLimit(maxSource),
		cel.ParserRecursionLimit(32),
	}
	for _, id := range c.factOrder {
		opts = append(opts, cel.Variable(id, c.facts[id].celType()))
	}
	return cel.NewCustomEnv(opts...)
}

// sizes tells the cost estimate how large each fact can be.
type sizes struct{ facts map[string]*Fact }

// EstimateCallCost leaves the cost of functions to the library.
func (sizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

// EstimateSize bounds lists and maps by the values that a fact can have.
func (s sizes) EstimateSize(n cost.AstNode) *cost.SizeEstimate {
	path := n.Path()
	if len(path) == 0 {
		return nil
	}
	f := s.facts[path[0]]
	if f == nil {
		return nil
	}
	if len(path) > 1 || f.Type == TypeCode {
		return &cost.SizeEstimate{Max: maxCode}
	}
	return &cost.SizeEstimate{Max: uint64(len(f.Values))}
}

// compileJob is one condition with the place that wants it.
type compileJob struct {
	source string
	at     position
	what   string
	into   **condition
}

// compileConditions compiles every condition, in parallel because that is a third of
// the time a start takes, and reports each that is wrong.
func (c *content) compileConditions() {
	jobs := c.compileJobs()
	if len(jobs) == 0 {
		return
	}
	celEnv, err := c.environment()
	if err != nil {
		c.add(position{"facts.yaml", 0}, "the facts cannot be declared: %s", err)
		return
	}
	reasons := make([]string, len(jobs))
	work := make(chan int)
	var wg sync.WaitGroup
	for range min(len(jobs), 8) {
		wg.Go(func() {
			for i := range work {
				*jobs[i].into, reasons[i] = compile(celEnv, c.facts, jobs[i].source)
			}
		})
	}
	for i := range jobs {
		work <- i
	}
	close(work)
	wg.Wait()
	for i, reason := range reasons {
		if reason != "" {
			c.add(jobs[i].at, "%s %s", jobs[i].what, reason)
		}
	}
}

func (c *content) compileJobs() []compileJob {
	var jobs []compileJob
	for _, s := range c.orderedSteps() {
		if s.Applies != "" {
			jobs = append(jobs, compileJob{s.Applies, s.at, "applies of " + s.ID, &s.applies})
		}
		for i := range s.Branches {
			if b := &s.Branches[i]; b.When != "" {
				jobs = append(jobs, compileJob{b.When, b.at, "when of branch " + b.ID + " of " + s.ID, &b.when})
			}
		}
	}
	return jobs
}

// compile returns the condition, or why it is refused.
func compile(celEnv *cel.Env, facts map[string]*Fact, source string) (*condition, string) {
	ast, issues := celEnv.Compile(source)
	if issues.Err() != nil {
		return nil, explain(issues)
	}
	if ast.OutputType() != cel.BoolType {
		return nil, fmt.Sprintf("must be true or false, but is of type %s", ast.OutputType())
	}
	estimate, err := celEnv.EstimateCost(ast, sizes{facts})
	if err != nil {
		return nil, "has no bounded cost: " + err.Error()
	}
	if estimate.Max > maxCost {
		return nil, fmt.Sprintf("may cost %d, more than the limit of %d", estimate.Max, maxCost)
	}
	program, err := celEnv.Program(ast, cel.EvalOptions(cel.OptPartialEval), cel.CostLimit(maxCost))
	if err != nil {
		return nil, "cannot be prepared: " + err.Error()
	}
	out := &condition{source: source, program: program}
	for _, ref := range ast.NativeRep().ReferenceMap() {
		if _, ok := facts[ref.Name]; ok && !slices.Contains(out.facts, ref.Name) {
			out.facts = append(out.facts, ref.Name)
		}
	}
	slices.Sort(out.facts)
	return out, ""
}

var unknownName = regexp.MustCompile(`^undeclared reference to '([^']*)'`)

// explain turns the library's words into those of an editor.
func explain(issues *cel.Issues) string {
	var out []string
	for _, e := range issues.Errors() {
		if m := unknownName.FindStringSubmatch(e.Message); m != nil {
			out = append(out, fmt.Sprintf("names %q, which is no fact and no function", m[1]))
			continue
		}
		out = append(out, "is wrong: "+e.Message)
	}
	return strings.Join(out, "; ")
}
