package cfn

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/lambda"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
)

type contentProperties struct {
	S3Bucket string
	S3Key    string
}

type layerProperties struct {
	LayerName   string
	Description string
	Content     contentProperties
}

func createLayer(d *deployment, id string, p layerProperties) (made, error) {
	folder, err := d.asset(p.Content)
	if err != nil {
		return made{}, err
	}
	name := p.LayerName
	if name == "" {
		name = d.Source.Name + "-" + id // of all versions
	}
	d.versions[name]++
	arn := d.arn("lambda", fmt.Sprintf("layer:%s:%d", name, d.versions[name]))
	d.folders[arn] = folder
	return made{arn, map[string]string{"LayerVersionArn": arn}}, nil
}

// removeLayer leaves the layer with the functions that have it, as Lambda does.
func removeLayer(d *deployment, r made, _ layerProperties) error {
	delete(d.folders, r.ref)
	return nil
}

func (d *deployment) asset(c contentProperties) (string, error) {
	folder, found := d.Assets[c.S3Key]
	if !found {
		return "", fmt.Errorf("there is no asset %q", c.S3Key)
	}
	return folder, nil
}

type functionProperties struct {
	FunctionName                 string
	Description                  string
	Runtime                      string
	Architectures                []string // AWS's architecture; the binaries here are built for the host
	Handler                      string
	Code                         contentProperties
	Layers                       []string
	Role                         string
	MemorySize                   int
	Timeout                      int
	ReservedConcurrentExecutions *int
	Environment                  struct{ Variables map[string]string }
	LoggingConfig                struct{ LogFormat, LogGroup string }
}

// binding has the properties of a function that an event source mapping needs.
type binding struct {
	*lambda.Function
	role    string
	timeout time.Duration
}

func createFunction(d *deployment, id string, p functionProperties) (made, error) {
	name := d.physical(p.FunctionName, id)
	c, err := d.functionConfig(name, p)
	if err != nil {
		return made{}, err
	}
	f, err := lambda.New(c)
	if err != nil {
		return made{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Functions[name] = f
	d.bindings[name] = binding{f, p.Role, c.Timeout}
	return made{name, map[string]string{"Arn": d.arn("lambda", "function:"+name)}}, nil
}

// updateFunction leaves invocations under way as they began. It also has the mappings of the function keep to its
// timeout.
func updateFunction(d *deployment, id string, _, after functionProperties) (made, error) {
	name := d.resources[id].ref
	c, err := d.functionConfig(name, after)
	if err != nil {
		return made{}, err
	}
	b := d.bindings[name]
	if err := b.Update(c); err != nil {
		return made{}, err
	}
	changed := b.timeout != c.Timeout
	b.role, b.timeout = after.Role, c.Timeout
	d.bindings[name] = b
	if changed {
		err = d.remap(name)
	}
	return d.resources[id], err
}

// removeFunction lets invocations under way end. Close ends their processes.
func removeFunction(d *deployment, r made, _ functionProperties) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deleted = append(d.deleted, d.Functions[r.ref])
	delete(d.Functions, r.ref)
	delete(d.bindings, r.ref)
	return nil
}

func (d *deployment) functionConfig(name string, p functionProperties) (lambda.Config, error) {
	c := lambda.Config{
		Account: d.Source.Account, Region: d.Source.Region, Name: name, Role: p.Role, MemorySize: p.MemorySize,
		Timeout: time.Duration(p.Timeout) * time.Second, JSONLogs: p.LoggingConfig.LogFormat == "JSON",
		Environment: p.Environment.Variables, Endpoint: d.Endpoint, Concurrency: d.Concurrency,
		Measure: func(metric string, value float64) {
			d.metrics.Put("AWS/Lambda", metric, map[string]string{"FunctionName": name}, value)
		},
	}
	if p.Runtime != "provided.al2023" || p.Handler != "bootstrap" {
		return c, fmt.Errorf("runtime %s with handler %s: the embedded cloud runs provided.al2023 with bootstrap",
			p.Runtime, p.Handler)
	}
	if n := p.ReservedConcurrentExecutions; n != nil {
		c.ReservedConcurrency = *n
	}
	var err error
	if c.Code, err = d.asset(p.Code); err != nil {
		return c, err
	}
	if c.Layers, err = d.layerFolders(p.Layers); err != nil {
		return c, err
	}
	return c, d.takeOn(&c, p.LoggingConfig.LogGroup)
}

func (d *deployment) layerFolders(arns []string) ([]string, error) {
	var folders []string
	for _, arn := range arns {
		folder, found := d.folders[arn]
		if !found {
			return nil, fmt.Errorf("there is no layer %s", arn)
		}
		folders = append(folders, folder)
	}
	return folders, nil
}

type mappingProperties struct {
	FunctionName                   string
	EventSourceARN                 string `json:"EventSourceArn"`
	BatchSize                      int
	MaximumBatchingWindowInSeconds int
	Enabled                        *bool
	FunctionResponseTypes          []string
	ScalingConfig                  struct{ MaximumConcurrency int }
}

// mapping is an event source mapping at work.
type mapping struct {
	*queue.Poller
	properties mappingProperties
}

func createMapping(d *deployment, id string, p mappingProperties) (made, error) {
	b, m, err := d.bind(p)
	if err != nil {
		return made{}, err
	}
	poller, err := d.cloud.Queues.Map(p.EventSourceARN, m, b)
	if err != nil {
		return made{}, err
	}
	if p.Enabled != nil && !*p.Enabled {
		poller.Pause()
	}
	r := made{ref: d.physical("", id)}
	d.setPoller(r.ref, mapping{poller, p})
	return r, nil
}

// bind returns the function and the configuration of a mapping that Lambda permits.
func (d *deployment) bind(p mappingProperties) (binding, queue.Mapping, error) {
	b, found := d.bindings[p.FunctionName]
	if !found {
		return b, queue.Mapping{}, fmt.Errorf("there is no function %s", p.FunctionName)
	}
	if err := d.cloud.Queues.MayPoll(b.role, p.EventSourceARN); err != nil {
		return b, queue.Mapping{}, err
	}
	m := queue.Mapping{
		BatchSize: p.BatchSize, Window: time.Duration(p.MaximumBatchingWindowInSeconds) * time.Second,
		MaxConcurrency: p.ScalingConfig.MaximumConcurrency, Timeout: b.timeout,
	}
	for _, responseType := range p.FunctionResponseTypes {
		if responseType != "ReportBatchItemFailures" {
			return b, m, errors.New("unknown response type " + responseType)
		}
		m.ReportBatchItemFailures = true
	}
	return b, m, nil
}

// updateMapping leaves a mapping paused, or polling, that was paused or resumed by hand, unless the template changes
// that.
func updateMapping(d *deployment, id string, before, after mappingProperties) (made, error) {
	r := d.resources[id]
	if err := d.replacePoller(r.ref, after); err != nil {
		return made{}, err
	}
	if was, is := before.enabled(), after.enabled(); was && !is {
		d.pollers[r.ref].Pause()
	} else if is && !was {
		d.pollers[r.ref].Resume()
	}
	return r, nil
}

func (p mappingProperties) enabled() bool { return p.Enabled == nil || *p.Enabled }

func removeMapping(d *deployment, r made, _ mappingProperties) error {
	d.pollers[r.ref].Retire()
	delete(d.pollers, r.ref)
	d.cloud.Queues.Hide(r.ref)
	d.showPollers()
	return nil
}

// remap has the mappings of a function take its new timeout.
func (d *deployment) remap(function string) error {
	for ref, m := range d.pollers {
		if m.properties.FunctionName != function {
			continue
		}
		if err := d.replacePoller(ref, m.properties); err != nil {
			return err
		}
	}
	return nil
}

func (d *deployment) replacePoller(ref string, p mappingProperties) error {
	b, m, err := d.bind(p)
	if err != nil {
		return err
	}
	poller, err := d.pollers[ref].Replace(m, b)
	if err != nil {
		return err
	}
	d.setPoller(ref, mapping{poller, p})
	return nil
}

func (d *deployment) setPoller(ref string, m mapping) {
	d.pollers[ref] = m
	d.cloud.Queues.Show(queue.Shown{
		UUID: ref, FunctionARN: d.arn("lambda", "function:"+m.properties.FunctionName), Poller: m.Poller,
	})
	d.showPollers()
}

// showPollers makes the pollers those of the stack. Where one replaces another of the same function, it is the later
// one.
func (d *deployment) showPollers() {
	clear(d.Mappings)
	for _, ref := range slices.Sorted(maps.Keys(d.pollers)) {
		d.Mappings[d.pollers[ref].properties.FunctionName] = d.pollers[ref].Poller
	}
}
