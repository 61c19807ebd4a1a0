package models

import "fmt"

// Plan is one part of the plan of care, agreed with the client or not. A review is the
// next version.
type Plan struct {
	On               Date       `json:"on" validate:"required"`       // the day
	Goals            []PlanGoal `json:"goals" validate:"required"`    // 1 to 12
	ReviewOn         Date       `json:"reviewOn" validate:"required"` // when it is looked at again
	AgreedWithClient bool       `json:"agreedWithClient"`             // whether the client agreed
}

// PlanGoal is one goal and how far it is.
type PlanGoal struct {
	Goal  string `json:"goal" validate:"required" extensions:"x-code-list=plan_goal_social plan_goal_clinical"` // what for, of the list for its part of the plan
	State string `json:"state" validate:"required" extensions:"x-code-list=plan_goal_state"`                    // how far it is
}

// maxGoals keeps a plan to what a person can follow.
const maxGoals = 12

func (p *Plan) check(c *Checks, today Date, goals string) {
	checkOn(c, p.On, today)
	c.Require(len(p.Goals) > 0 && len(p.Goals) <= maxGoals, "/goals", "plan.goals_required")
	seen := map[string]bool{}
	for i, g := range p.Goals {
		at := fmt.Sprintf("/goals/%d", i)
		requireCode(c, goals, g.Goal, at+"/goal")
		requireCode(c, "plan_goal_state", g.State, at+"/state")
		c.Require(!seen[g.Goal], at+"/goal", "entry.code_repeated")
		seen[g.Goal] = true
	}
	review, ok := ParseDate(string(p.ReviewOn))
	c.Require(ok, "/reviewOn", "entry.not_a_date")
	c.Require(!ok || review > p.On, "/reviewOn", "plan.review_before_plan")
}

// summary counts a plan: code the part, result whether it was agreed, quantity the goals
// reached.
func (p *Plan) summary(part string) EntrySummary {
	sum := EntrySummary{On: p.On, Code: part, Result: "not_agreed"}
	if p.AgreedWithClient {
		sum.Result = "agreed"
	}
	for _, g := range p.Goals {
		if g.State == "reached" {
			sum.Quantity++
		}
	}
	return sum
}

// SocialPlan is the social part of the plan.
type SocialPlan struct{ Plan }

// Kind is social plan.
func (*SocialPlan) Kind() EntryKind { return EntrySocialPlan }

// Check validates the input.
func (p *SocialPlan) Check(c *Checks, today Date) { p.check(c, today, "plan_goal_social") }

// Summary is what is counted.
func (p *SocialPlan) Summary() EntrySummary { return p.summary("social") }

// ClinicalPlan is the clinical part of the plan.
type ClinicalPlan struct{ Plan }

// Kind is clinical plan.
func (*ClinicalPlan) Kind() EntryKind { return EntryClinicalPlan }

// Check validates the input.
func (p *ClinicalPlan) Check(c *Checks, today Date) { p.check(c, today, "plan_goal_clinical") }

// Summary is what is counted.
func (p *ClinicalPlan) Summary() EntrySummary { return p.summary("clinical") }
