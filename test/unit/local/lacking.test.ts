import { expect, test } from 'vitest';
import { type CfnTemplate, withoutLacking } from '../../../local/lacking.ts';

const nat = { Type: 'AWS::EC2::NatGateway' };
const balancer = { Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer' };
const made = (resources: CfnTemplate['Resources'], outputs?: CfnTemplate['Outputs']) =>
  withoutLacking({ Resources: resources, ...(outputs === undefined ? {} : { Outputs: outputs }) }, '127.0.0.1:9');

test('what cannot be without a resource that is left out is left out too, over several steps', () => {
  const { template, left } = made({
    Nat: nat,
    Route: { Type: 'AWS::EC2::Route', Properties: { NatGatewayId: { Ref: 'Nat' } } },
    OfRoute: { Type: 'X', Properties: { In: [{ 'Fn::Join': ['', [{ 'Fn::GetAtt': ['Route', 'Id'] }]] }] } },
    Vpc: { Type: 'AWS::EC2::VPC' },
  });
  expect([...left].toSorted()).toEqual(['Nat', 'OfRoute', 'Route']);
  expect(Object.keys(template.Resources)).toEqual(['Vpc']);
});

test('what only comes after one stays, and waits for the others', () => {
  const { template } = made({
    Nat: nat,
    One: { Type: 'X', DependsOn: 'Nat' },
    Two: { Type: 'X', DependsOn: ['Nat', 'One'], Properties: { A: 1 } },
  });
  expect(template.Resources).toEqual({
    One: { Type: 'X' },
    Two: { Type: 'X', DependsOn: ['One'], Properties: { A: 1 } },
  });
});

test('outputs name the server that runs; properties still name the load balancer', () => {
  const name = { 'Fn::GetAtt': ['Door', 'DNSName'] };
  const { template } = made(
    { Door: balancer, Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties: { Of: name } } },
    { Endpoint: { Value: { 'Fn::Join': ['', ['http://', name]] } }, Arn: { Value: { 'Fn::GetAtt': ['Door', 'Arn'] } } },
  );
  expect(template.Outputs).toEqual({
    Endpoint: { Value: { 'Fn::Join': ['', ['http://', '127.0.0.1:9']] } },
    Arn: { Value: { 'Fn::GetAtt': ['Door', 'Arn'] } },
  });
  expect(template.Resources['Alarm']?.Properties).toEqual({ Of: name });
});

test('an output that needs what is left out is refused', () => {
  expect(() => made({ Nat: nat }, { Address: { Value: { Ref: 'Nat' } } })).toThrow(/outputs need .*Nat/);
});
