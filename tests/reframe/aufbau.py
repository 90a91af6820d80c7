# A ReFrame test of an installed module `aufbau`, on whatever system and programming environment the site's configuration names:
#   reframe -C SITE.py -c tests/reframe -r
import reframe as rfm
import reframe.utility.sanity as sn
from reframe.core.builtins import parameter, performance_function, run_after, run_before, sanity_function, variable


class Aufbau(rfm.RunOnlyRegressionTest):
    valid_systems = ['*']
    valid_prog_environs = ['*']
    modules = ['aufbau']
    executable = 'aufbau'
    maintainers = ['the Aufbau developers']


@rfm.simple_test
class Version(Aufbau):
    descr = 'starts, and says what it was built with'
    executable_opts = ['--version']

    @sanity_function
    def says_versions(self):
        return sn.all([sn.assert_found(r'^aufbau \d+\.\d+', self.stdout), sn.assert_found(r'HDF5', self.stdout)])


@rfm.simple_test
class Campaign(Aufbau):
    descr = 'a campaign on one, two and four ranks: all runs, one efficiency'
    ranks = parameter([1, 2, 4])
    runs = variable(int, value=60)
    time_limit = '10m'

    @run_after('init')
    def take_ranks(self):
        self.num_tasks = self.ranks
        self.num_tasks_per_node = self.ranks

    @run_before('run')
    def write_input(self):
        lines = [
            'campaign:',
            '  ions: [B I, C I, N II, Mg I]',
            '  orbitals: {max_n: 4, max_l: d}',
            '  excitations: {electrons: 2, max_shift: 4}',
            '  set_size: 3',
            '  strategy: breadth',
            f'  budget: {{runs: {self.runs}}}',
        ]
        self.prerun_cmds = ['rm -f campaign.h5', "cat >campaign.yaml <<'YAML'", *lines, 'YAML']
        self.executable_opts = ['campaign', 'campaign.yaml', '-o', 'campaign.h5', '--quiet']
        self.postrun_cmds = ['aufbau report --scaling campaign.h5 --csv scaling.csv --quiet']

    @sanity_function
    def is_done(self):
        return sn.all([
            sn.assert_found(r'The budget of runs is used up: done', self.stdout),
            sn.assert_found(rf'^{self.runs} runs of 4 ions', self.stdout),
        ])

    @performance_function('%')
    def efficiency(self):
        return sn.extractsingle(r'runs \(efficiency\)\s+\S+\s+(\S+) %', self.stdout, 1, float)

    @performance_function('1')
    def parallel_efficiency(self):
        return sn.extractsingle(r'^"campaign, strong scaling",(?:[^,]*,){14}([^,]+),', 'scaling.csv', 1, float)
