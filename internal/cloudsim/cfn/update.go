package cfn

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Update deploys another template of the stack: it creates, updates, replaces and deletes resources. If one can't be
// created or updated, it brings back those of before, and returns the error. It does nothing if the templates are
// equal, as the CDK's command line. Without an endpoint in the source, functions keep theirs.
func (s *Stack) Update(ctx context.Context, source Source) error {
	if err := s.made.replaceTemplate(ctx, source); err != nil {
		return fmt.Errorf("update stack %s: %w", s.Name, err)
	}
	return nil
}

var updatable = []Status{CreateComplete, UpdateComplete, UpdateRollbackComplete}

func (d *deployment) replaceTemplate(ctx context.Context, source Source) error {
	if sameJSON(d.Template, source.Template) {
		return nil
	}
	if !slices.Contains(updatable, d.status) {
		return fmt.Errorf("the stack is in %s state and can not be updated", d.status)
	}
	d.ctx = ctx
	if source.Endpoint == "" {
		source.Endpoint = d.Endpoint
	}
	c, err := d.plan(source)
	if err != nil {
		return err
	}
	o := d.operation()
	if err := d.report(o, UpdateInProgress, "User Initiated"); err != nil {
		return err
	}
	if err := c.run(); err != nil {
		return errors.Join(err, d.report(o, UpdateRollbackInProgress, reason(err)), c.rollBack(o))
	}
	return c.cleanUp(o, [2]Status{UpdateCompleteCleanupInProgress, UpdateComplete}, c.former.order, c.gone())
}

func sameJSON(a, b []byte) bool {
	var before, after any
	if json.Unmarshal(a, &before) != nil || json.Unmarshal(b, &after) != nil {
		return bytes.Equal(a, b)
	}
	return reflect.DeepEqual(before, after)
}

// change brings the resources of a stack to those of a template.
type change struct {
	*deployment
	template template
	order    []string // of its resources
	target   basis
	former   former

	created  map[string]physical // by logical ID; also those that replace others
	replaced map[string]physical
	updated  map[string]physical // also those that may be updated in part
}

// basis is a source with the values of its parameters.
type basis struct {
	source     Source
	parameters map[string]string
}

// former is the stack before a change.
type former struct {
	basis
	order     []string
	physicals map[string]physical
}

// plan validates the source. It changes nothing.
func (d *deployment) plan(source Source) (*change, error) {
	t, err := parseTemplate(source.Template)
	if err != nil {
		return nil, err
	}
	c := &change{
		deployment: d, template: t, target: basis{source: source},
		former:  former{basis{d.Source, d.parameters}, d.order, maps.Clone(d.physicals)},
		created: map[string]physical{}, replaced: map[string]physical{}, updated: map[string]physical{},
	}
	if c.target.parameters, err = d.parameterValues(t.Parameters); err != nil {
		return nil, err
	}
	if err := (scope{pseudo: d.pseudo, parameters: c.target.parameters}).checkRules(t.Rules); err != nil {
		return nil, err
	}
	if c.order, err = t.order(); err != nil {
		return nil, err
	}
	return c, c.checkTypes()
}

// checkTypes makes the refusal that CloudFormation makes before it begins.
func (c *change) checkTypes() error {
	var differ []string
	for _, id := range c.order {
		if before, found := c.former.physicals[id]; found && before.Type != c.template.Resources[id].Type {
			differ = append(differ, id)
		}
	}
	if len(differ) > 0 {
		return fmt.Errorf("update of resource type is not permitted: the new template modifies "+
			"resource type of the following resources: %v", differ)
	}
	return nil
}

// use makes the basis the one that the resources are made from.
func (d *deployment) use(b basis, order []string) {
	d.Source, d.parameters, d.order = b.source, b.parameters, order
}

// run creates, updates and replaces. It deletes nothing.
func (c *change) run() error {
	c.use(c.target, c.order)
	for _, id := range c.order {
		r := c.template.Resources[id]
		next, err := c.wants(r)
		if err == nil {
			err = c.bring(id, next)
		}
		if err != nil {
			return c.failure(id, r.Type, err)
		}
	}
	clear(c.Outputs)
	for id, o := range c.template.Outputs {
		value, err := c.resolve(o.Value)
		if err != nil {
			return fmt.Errorf("output %s: %w", id, err)
		}
		c.Outputs[id] = fmt.Sprint(value)
	}
	return c.checkAlarms()
}

func (c *change) failure(id, resourceType string, err error) error {
	verb := "create"
	if _, found := c.former.physicals[id]; found {
		verb = "update"
	}
	return &resourceError{verb, id, resourceType, err}
}

// bring creates, updates or replaces the resource. Replaced ones remain for a rollback.
func (c *change) bring(id string, next physical) error {
	before, found := c.former.physicals[id]
	if !found {
		return c.add(id, next)
	}
	if reflect.DeepEqual(before.values, next.values) {
		next.made, next.generation = before.made, before.generation
		c.put(id, next)
		return nil
	}
	replaces, err := next.replaces(before)
	if err != nil {
		return err
	}
	if replaces {
		next.generation = before.generation + 1
		err := c.add(id, next)
		if err == nil {
			before.DeletionPolicy = next.UpdateReplacePolicy
			c.replaced[id] = before
		}
		return err
	}
	changed, err := c.update(id, before, next)
	if !errors.Is(err, errProperties) {
		c.updated[id] = next // a failed update may have made half of the change
	}
	if err == nil {
		c.put(id, changed)
	}
	return err
}

func (c *change) add(id string, next physical) error {
	next, err := c.create(id, next)
	if err != nil {
		return err
	}
	c.created[id] = next
	c.put(id, next)
	return nil
}

// gone returns the resources that the change leaves without use.
func (c *change) gone() map[string]physical {
	all := maps.Clone(c.replaced)
	for id, p := range c.former.physicals {
		if _, found := c.template.Resources[id]; !found {
			all[id] = p
		}
	}
	return all
}

// rollBack brings back the resources of before, in the order of their creation, and then deletes the new ones.
func (c *change) rollBack(o Operation) error {
	c.use(c.former.basis, c.former.order)
	for _, id := range c.former.order {
		before := c.former.physicals[id]
		if now, changed := c.updated[id]; changed {
			if _, err := c.update(id, now, before); err != nil {
				err = fmt.Errorf("roll back %s (%s): %w", id, before.Type, err)
				return errors.Join(err, c.report(o, UpdateRollbackFailed, err.Error()))
			}
		}
		c.put(id, before)
	}
	return c.cleanUp(o, [2]Status{UpdateRollbackCompleteCleanupInProgress, UpdateRollbackComplete}, c.order, c.created)
}

// cleanUp deletes the resources between the two statuses. As for CloudFormation, the operation succeeds even if some
// remain.
func (c *change) cleanUp(o Operation, statuses [2]Status, order []string, gone map[string]physical) error {
	if err := c.report(o, statuses[0], ""); err != nil {
		return err
	}
	if err := c.remove(order, gone); err != nil {
		return c.report(o, statuses[1], "Update successful. One or more resources could not be deleted. "+err.Error())
	}
	return c.report(o, statuses[1], "")
}
