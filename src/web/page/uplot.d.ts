/** The build copies the chart library here (`scripts/copy-assets.js`). */
import uPlot from 'uplot';

export default uPlot;
