package cfn

import (
	"errors"
	"fmt"
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
	arn := d.arn("lambda", "layer:"+d.physical(p.LayerName, id)+":1")
	d.folders[arn] = folder
	return made{arn, map[string]string{"LayerVersionArn": arn}}, nil
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
	Architectures                []string // that of AWS: what runs here is built for the host
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

// binding is what an event source mapping has to know of its function.
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
	d.Functions[name] = f
	d.bindings[name] = binding{f, p.Role, c.Timeout}
	return made{name, map[string]string{"Arn": d.arn("lambda", "function:"+name)}}, nil
}

func (d *deployment) functionConfig(name string, p functionProperties) (lambda.Config, error) {
	c := lambda.Config{
		Account: d.Source.Account, Region: d.Source.Region, Name: name, Role: p.Role, MemorySize: p.MemorySize,
		Timeout: time.Duration(p.Timeout) * time.Second, JSONLogs: p.LoggingConfig.LogFormat == "JSON",
		Environment: p.Environment.Variables, Endpoint: d.Endpoint,
		Measure: func(metric string, value float64) {
			d.metrics.Put("AWS/Lambda", metric, map[string]string{"FunctionName": name}, value)
		},
	}
	if p.Runtime != "provided.al2023" || p.Handler != "bootstrap" {
		return c, fmt.Errorf("runtime %s with handler %s: the embedded cloud runs provided.al2023 with bootstrap", p.Runtime, p.Handler)
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
	d.layers[name] = p.Layers
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

func createMapping(d *deployment, id string, p mappingProperties) (made, error) {
	b, found := d.bindings[p.FunctionName]
	if !found {
		return made{}, fmt.Errorf("there is no function %s", p.FunctionName)
	}
	if err := d.cloud.Queues.MayPoll(b.role, p.EventSourceARN); err != nil {
		return made{}, err
	}
	m := queue.Mapping{
		BatchSize: p.BatchSize, Window: time.Duration(p.MaximumBatchingWindowInSeconds) * time.Second,
		MaxConcurrency: p.ScalingConfig.MaximumConcurrency, Timeout: b.timeout,
	}
	for _, responseType := range p.FunctionResponseTypes {
		if responseType != "ReportBatchItemFailures" {
			return made{}, errors.New("unknown response type " + responseType)
		}
		m.ReportBatchItemFailures = true
	}
	poller, err := d.cloud.Queues.Map(p.EventSourceARN, m, b)
	if err != nil {
		return made{}, err
	}
	if p.Enabled != nil && !*p.Enabled {
		poller.Pause()
	}
	d.Mappings[p.FunctionName] = poller
	return made{ref: d.physical("", id)}, nil
}
