package cfn

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// updatable are the types that a changed policy changes in a stack whose rules stay the same.
var updatable = []string{"AWS::Lambda::LayerVersion", "AWS::IAM::Role"}

// Update deploys the layers and roles of another template of the stack. Other differences from the deployed template are an error:
// the embedded cloud can't update other resources.
func (s *Stack) Update(source Source) error {
	if err := s.update(source); err != nil {
		return fmt.Errorf("update stack %s: %w", s.Name, err)
	}
	return nil
}

func (s *Stack) update(source Source) error {
	before, err := parseTemplate(s.made.Template)
	if err != nil {
		return err
	}
	after, err := parseTemplate(source.Template)
	if err != nil {
		return err
	}
	if !maps.Equal(constant(before), constant(after)) {
		return errors.New("the embedded cloud updates only layers and roles, and the templates differ in more")
	}
	o := s.made.operation()
	if err := o.Report(UpdateInProgress, "User Initiated"); err != nil {
		return err
	}
	if err := s.replace(source, after); err != nil {
		return errors.Join(err, o.Report(UpdateFailed, err.Error()))
	}
	if err := o.Report(UpdateCompleteCleanupInProgress, ""); err != nil {
		return err
	}
	return o.Report(UpdateComplete, "")
}

func (s *Stack) replace(source Source, after template) error {
	s.made.Template, s.made.Assets = source.Template, source.Assets
	for _, id := range slices.Sorted(maps.Keys(after.Resources)) {
		if !slices.Contains(updatable, after.Resources[id].Type) {
			continue
		}
		if err := s.made.recreate(id, after.Resources[id]); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	for name, f := range s.Functions {
		folders, err := s.made.layerFolders(s.layers[name])
		if err == nil {
			err = f.ReplaceLayers(folders)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// constant returns the resources of the template that Update can't change, as JSON without their metadata.
func constant(t template) map[string]string {
	all := map[string]string{}
	for id, r := range t.Resources {
		if !slices.Contains(updatable, r.Type) {
			r.Metadata = nil
			text, _ := json.Marshal(r) // was decoded from JSON
			all[id] = string(text)
		}
	}
	return all
}

// recreate makes a layer or a role again under its ARN.
func (d *deployment) recreate(id string, r resource) error {
	properties, err := d.resolveMap(r.Properties)
	if err != nil {
		return err
	}
	data, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	_, err = creators[r.Type](d, id, data)
	return err
}
