// SPDX-License-Identifier: Apache-2.0

package admissionconfig

import (
	"context"
	"fmt"
	"sync"

	celtypes "github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// compiler is the API server's own. It is made when the first condition is: making it takes longer than all the rest.
var compiler = sync.OnceValue(func() plugincel.Compiler {
	return plugincel.NewCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
})

// conditions are match conditions, compiled when they are first asked. nil stands for none.
type conditions struct {
	list      []admissionregistrationv1.MatchCondition
	hasParams bool

	compile  sync.Once
	programs []plugincel.CompilationResult
}

func newConditions(list []admissionregistrationv1.MatchCondition, hasParams bool) *conditions {
	if len(list) == 0 {
		return nil
	}
	return &conditions{list: list, hasParams: hasParams}
}

func (c *conditions) compiled() []plugincel.CompilationResult {
	c.compile.Do(func() {
		options := plugincel.OptionalVariableDeclarations{HasParams: c.hasParams, HasAuthorizer: true}
		for i := range c.list {
			c.programs = append(c.programs, compiler().CompileCELExpression(
				(*matchconditions.MatchCondition)(&c.list[i]), options, environment.StoredExpressions))
		}
	})
	return c.programs
}

// outcome is what one condition comes to.
type outcome struct {
	value   ref.Val
	failed  error
	unknown string // what it read that isn't known
}

// holds evaluates the conditions as the API server does: one that is false keeps the request away whatever the others
// are; without such a one, an error is the failure policy's to decide.
func (c *conditions) holds(h *Hook, r *Request, seen view) Answer {
	if c == nil {
		return Answer{Reach: Yes}
	}
	budget := int64(celconfig.RuntimeCELCostBudgetMatchConditions)
	outcomes := make([]outcome, len(c.list))
	vars := newVariables(h, r, seen)
	for i, p := range c.compiled() {
		if outcomes[i] = evaluate(p, vars, &budget); budget < 0 {
			return h.fails(c.reason(h, i, "the conditions cost more than the API server allows"))
		}
	}
	var failure, doubt *Reason
	for i, o := range outcomes {
		switch {
		case o.value == celtypes.False:
			return no(c.reason(h, i, "false for the request"))
		case o.unknown != "":
			doubt = first(doubt, c.reason(h, i, "depends on "+o.unknown))
		case o.failed != nil:
			failure = first(failure, c.reason(h, i, clip(o.failed.Error())))
		}
	}
	switch {
	case failure != nil && !h.FailsClosed():
		return no(*failure)
	case doubt != nil:
		return maybe(*doubt)
	case failure != nil:
		return refused(*failure)
	}
	return Answer{Reach: Yes}
}

func (h *Hook) fails(why Reason) Answer {
	if h.FailsClosed() {
		return refused(why)
	}
	return no(why)
}

func first(have *Reason, r Reason) *Reason {
	if have != nil {
		return have
	}
	return &r
}

func (c *conditions) reason(h *Hook, i int, text string) Reason {
	return Reason{
		Field: h.Path.Child("matchConditions").Index(i).String(),
		Text:  fmt.Sprintf("%s: %s", c.list[i].Name, text),
	}
}

// clip bounds the words of the expression library, which quote the expression.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}

// evaluate runs one condition. Where it fails and has read something that isn't known, it may hold or not; && and ||
// pass over what fails on one side, so a result in spite of such a read is right whatever the truth is.
func evaluate(p plugincel.CompilationResult, vars *variables, budget *int64) outcome {
	if p.Error != nil {
		return outcome{unknown: "an expression that this version of the library doesn't compile"}
	}
	vars.unknown, vars.poisoned = "", false
	value, details, err := p.Program.ContextEval(context.Background(), vars)
	if vars.unknown != "" && (err != nil || vars.poisoned) {
		return outcome{unknown: vars.unknown}
	}
	if details == nil || details.ActualCost() == nil || *details.ActualCost() > uint64(*budget) {
		*budget = -1
		return outcome{}
	}
	*budget -= int64(*details.ActualCost())
	return outcome{value: value, failed: err}
}

var _ interpreter.Activation = (*variables)(nil)
