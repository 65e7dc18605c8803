package cfn

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/autopeer/autopeer/internal/cloudsim"
)

// physical is a resource of the stack as it was last created or updated.
type physical struct {
	made
	resource
	values     map[string]any      // its properties, resolved
	claim      cloudsim.PhysicalID // the zero value if the template doesn't choose the name
	generation int
}

// properties can't fail: the values were decoded from JSON.
func (p physical) properties() []byte {
	data, _ := json.Marshal(p.values)
	return data
}

// resourceError names the resource that can't be created or updated.
type resourceError struct {
	verb, id, resourceType string
	err                    error
}

func (e *resourceError) Error() string {
	return fmt.Sprintf("%s (%s): %v", e.id, e.resourceType, e.err)
}
func (e *resourceError) Unwrap() error { return e.err }

// reason is CloudFormation's reason for a rollback.
func reason(err error) string {
	var of *resourceError
	if !errors.As(err, &of) {
		return err.Error()
	}
	return "The following resource(s) failed to " + of.verb + ": [" + of.id + "]. "
}

// wants resolves the properties of a resource. Everything it refers to is there.
func (d *deployment) wants(r resource) (physical, error) {
	if kinds[r.Type].create == nil {
		return physical{}, errors.New("the embedded cloud has no such type")
	}
	values, err := d.resolveMap(r.Properties)
	if err != nil {
		return physical{}, err
	}
	p := physical{resource: r, values: values}
	p.claim = d.claimOf(p)
	return p, nil
}

// create makes a resource.
func (d *deployment) create(id string, p physical) (physical, error) {
	if err := d.claim(p); err != nil {
		return p, err
	}
	d.generation = p.generation
	var err error
	if p.made, err = kinds[p.Type].create(d, id, p.properties()); err != nil {
		d.release(p)
	}
	return p, err
}

// update changes a resource in place.
func (d *deployment) update(id string, before, after physical) (physical, error) {
	d.generation = before.generation
	var err error
	after.generation = before.generation
	if update := kinds[after.Type].update; update != nil {
		after.made, err = update(d, id, before.properties(), after.properties())
	} else {
		after.made, err = kinds[after.Type].create(d, id, after.properties())
	}
	return after, err
}

// put makes p the resource that the logical ID stands for.
func (d *deployment) put(id string, p physical) { d.physicals[id], d.resources[id] = p, p.made }

// forget leaves the logical ID without a resource.
func (d *deployment) forget(id string) {
	delete(d.physicals, id)
	delete(d.resources, id)
}

// remove deletes resources, in the reverse of the order in which they were created. One that can't be deleted doesn't
// keep the others.
func (d *deployment) remove(order []string, resources map[string]physical) error {
	var all []error
	for _, id := range slices.Backward(order) {
		p, found := resources[id]
		if !found {
			continue
		}
		if err := d.removeOne(id, p); err != nil {
			all = append(all, fmt.Errorf("%s (%s): %w", id, p.Type, err))
		}
	}
	return errors.Join(all...)
}

// removeOne treats the deletion of a resource that doesn't exist as successful.
func (d *deployment) removeOne(id string, p physical) error {
	if d.physicals[id].ref == p.ref {
		d.forget(id)
	}
	if p.DeletionPolicy == "Retain" {
		return nil
	}
	if remove := kinds[p.Type].remove; remove != nil {
		if err := remove(d, p.made, p.properties()); err != nil && !isMissing(err) {
			return err
		}
	}
	d.release(p)
	return nil
}

// replaces reports whether CloudFormation needs another resource for the properties. It refuses to replace one whose
// name the template chooses, unless the name changes too:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
func (p physical) replaces(before physical) (bool, error) {
	k := kinds[p.Type]
	if !slices.ContainsFunc(k.replaced, func(name string) bool {
		return !reflect.DeepEqual(p.values[name], before.values[name])
	}) {
		return false, nil
	}
	property := identifiers[p.Type].property
	if name, _ := p.values[property].(string); name != "" && name == before.values[property] && !k.versioned {
		return false, errors.New("CloudFormation cannot update a stack when a custom-named resource requires replacing. " +
			"Rename " + name + " and update the stack again.")
	}
	return true, nil
}
